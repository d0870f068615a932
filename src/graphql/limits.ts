import {
  type ASTVisitor,
  type FragmentDefinitionNode,
  GraphQLError,
  type SelectionSetNode,
  type ValidationContext,
  type ValidationRule,
} from 'graphql';

/** What a document may be at most; far above what any real client sends. */
export const DOCUMENT_LIMITS = {
  depth: 15,
  aliases: 50,
  directives: 50,
  /** Of one operation: they run one after the other. How many queries there are follows from the aliases. */
  mutations: 20,
  tokens: 2_000,
  /** See cost.ts. */
  cost: 20_000,
} as const;

/** The same for HTTP and WebSocket: a document that costs more than it can be worth is not executed. */
export const documentLimits: readonly ValidationRule[] = [
  limitDepth,
  limitAliases,
  limitDirectives,
  limitMutations,
];

/** Says what was exceeded, for people in the message and for programs in `limit` and `actual`. */
export function limitExceeded(
  message: string,
  limit: number,
  actual: number,
  nodes: GraphQLError['nodes'] = undefined,
): GraphQLError {
  return new GraphQLError(message, {
    nodes,
    extensions: { code: 'GRAPHQL_VALIDATION_FAILED', limit, actual },
  });
}

function limitDepth(context: ValidationContext): ASTVisitor {
  const most = DOCUMENT_LIMITS.depth;
  return {
    OperationDefinition(operation) {
      const depth = depthOf(operation.selectionSet, context, new Map());
      if (depth <= most) return;
      const message = `The document is ${depth} levels deep; at most ${most} are allowed`;
      context.reportError(limitExceeded(message, most, depth, [operation]));
    },
  };
}

function limitAliases(context: ValidationContext): ASTVisitor {
  const most = DOCUMENT_LIMITS.aliases;
  let aliases = 0;
  return {
    Field(field) {
      if (field.alias !== undefined) aliases += 1;
    },
    Document: {
      leave(document) {
        if (aliases <= most) return;
        const message = `The document has ${aliases} aliases; at most ${most} are allowed`;
        context.reportError(limitExceeded(message, most, aliases, [document]));
      },
    },
  };
}

function limitDirectives(context: ValidationContext): ASTVisitor {
  const most = DOCUMENT_LIMITS.directives;
  let directives = 0;
  return {
    Directive() {
      directives += 1;
    },
    Document: {
      leave(document) {
        if (directives <= most) return;
        const message = `The document has ${directives} directives; at most ${most} are allowed`;
        context.reportError(limitExceeded(message, most, directives, [document]));
      },
    },
  };
}

/** What comes twice is executed once, and so counts once. */
function limitMutations(context: ValidationContext): ASTVisitor {
  const most = DOCUMENT_LIMITS.mutations;
  return {
    OperationDefinition(operation) {
      if (operation.operation !== 'mutation') return;
      const names = new Set<string>();
      collectNames(operation.selectionSet, context, names, new Set());
      if (names.size <= most) return;
      const message = `The operation has ${names.size} mutations; at most ${most} are allowed`;
      context.reportError(limitExceeded(message, most, names.size, [operation]));
    },
  };
}

/** @param names of the fields, as the answer has them */
function collectNames(
  selections: SelectionSetNode,
  context: ValidationContext,
  names: Set<string>,
  spread: Set<string>,
): void {
  for (const selection of selections.selections) {
    if (selection.kind === 'Field') {
      names.add((selection.alias ?? selection.name).value);
    } else if (selection.kind === 'InlineFragment') {
      collectNames(selection.selectionSet, context, names, spread);
    } else if (!spread.has(selection.name.value)) {
      const fragment = context.getFragment(selection.name.value);
      spread.add(selection.name.value);
      if (fragment) collectNames(fragment.selectionSet, context, names, spread);
    }
  }
}

/** Introspection is exempt: the queries of common tools are deep by nature, and have a cost as all else has. */
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
