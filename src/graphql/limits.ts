import {
  type ASTVisitor,
  type FragmentDefinitionNode,
  GraphQLError,
  type SelectionSetNode,
  type ValidationContext,
  type ValidationRule,
} from 'graphql';

/** What a document may be at most; far above what any real client sends. */
export const DOCUMENT_LIMITS = { depth: 15, aliases: 50, tokens: 2_000 } as const;

/** The same for HTTP and WebSocket: a document that costs more than it can be worth is not executed. */
export const documentLimits: readonly ValidationRule[] = [limitDepth, limitAliases];

function limitDepth(context: ValidationContext): ASTVisitor {
  return {
    OperationDefinition(operation) {
      const depth = depthOf(operation.selectionSet, context, new Map());
      if (depth > DOCUMENT_LIMITS.depth) {
        context.reportError(
          new GraphQLError(
            `The document is ${depth} levels deep; at most ${DOCUMENT_LIMITS.depth} are allowed`,
            {
              nodes: operation,
            },
          ),
        );
      }
    },
  };
}

function limitAliases(context: ValidationContext): ASTVisitor {
  let aliases = 0;
  return {
    Field(field) {
      if (field.alias !== undefined) aliases += 1;
    },
    Document: {
      leave(document) {
        if (aliases <= DOCUMENT_LIMITS.aliases) return;
        context.reportError(
          new GraphQLError(
            `The document has ${aliases} aliases; at most ${DOCUMENT_LIMITS.aliases} are allowed`,
            {
              nodes: document,
            },
          ),
        );
      },
    },
  };
}

/** Introspection is exempt: the queries of common tools are deep by nature, and cost nothing. */
function depthOf(
  selections: SelectionSetNode,
  context: ValidationContext,
  known: Map<FragmentDefinitionNode, number>,
): number {
  const depths = selections.selections.map((selection) => {
    if (selection.kind === 'Field') {
      if (selection.name.value.startsWith('__')) return 0;
      return 1 + (selection.selectionSet ? depthOf(selection.selectionSet, context, known) : 0);
    }
    if (selection.kind === 'InlineFragment') return depthOf(selection.selectionSet, context, known);
    const fragment = context.getFragment(selection.name.value);
    return fragment ? depthOfFragment(fragment, context, known) : 0;
  });
  return Math.max(0, ...depths);
}

/** Each fragment is measured once, and one that contains itself (which another rule reports) ends. */
function depthOfFragment(
  fragment: FragmentDefinitionNode,
  context: ValidationContext,
  known: Map<FragmentDefinitionNode, number>,
): number {
  const measured = known.get(fragment);
  if (measured !== undefined) return measured;
  known.set(fragment, 0);
  const depth = depthOf(fragment.selectionSet, context, known);
  known.set(fragment, depth);
  return depth;
}
