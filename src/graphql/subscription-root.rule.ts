import { type ASTVisitor, GraphQLError, type SelectionSetNode, type ValidationContext } from 'graphql';

/**
 * The one field of a subscription is always there: without it there would be nothing to wait for
 * (GraphQL specification, draft, 5.2.4.1: neither `@skip` nor `@include` at a subscription's root).
 */
export function subscriptionRoot(context: ValidationContext): ASTVisitor {
  const check = (selections: SelectionSetNode, known: ReadonlySet<string>): void => {
    for (const selection of selections.selections) {
      const conditional = selection.directives?.find(({ name }) => /^(skip|include)$/.test(name.value));
      if (conditional !== undefined) {
        const message = `@${conditional.name.value} is not allowed on the field of a subscription`;
        context.reportError(new GraphQLError(message, { nodes: conditional }));
      }
      if (selection.kind === 'InlineFragment') check(selection.selectionSet, known);
      if (selection.kind !== 'FragmentSpread' || known.has(selection.name.value)) continue;
      const fragment = context.getFragment(selection.name.value);
      if (fragment) check(fragment.selectionSet, new Set([...known, selection.name.value]));
    }
  };
  return {
    OperationDefinition(operation) {
      if (operation.operation === 'subscription') check(operation.selectionSet, new Set());
    },
  };
}
