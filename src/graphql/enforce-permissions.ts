import { type GraphQLFieldResolver, type GraphQLSchema, isNonNullType, isObjectType } from 'graphql';
import type { RequestContext } from './context.js';
import { audienceOf, FIELDS, OPERATIONS, SIGNED_IN } from './permissions.js';

const ROOTS = new Set(['Query', 'Mutation', 'Subscription']);

/**
 * What can be told without knowing whose an object is: operations for which one has to be signed in are begun for
 * nobody else, and fields that are not for all are null for whoever is not signed in. A resolver that forgot to ask
 * gives nothing away to strangers.
 *
 * @throws Error where an operation or a field has no rule, or a rule nothing that it is about
 */
export function enforcePermissions(schema: GraphQLSchema): void {
  const unused = new Set([...Object.keys(OPERATIONS), ...ruledFields()]);
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue;
    for (const field of Object.values(type.getFields())) {
      const name = `${type.name}.${field.name}`;
      if (!unused.delete(name))
        throw new Error(`Nobody has said who may see or do ${name}: see permissions.ts`);
      const resolve = field.resolve as GraphQLFieldResolver<unknown, RequestContext> | undefined;
      if (ROOTS.has(type.name)) {
        if (resolve && SIGNED_IN.has(OPERATIONS[name] ?? 'operators')) field.resolve = forSignedIn(resolve);
      } else if (audienceOf(type.name, field.name) !== 'all') {
        if (isNonNullType(field.type)) throw new Error(`${name} is not for all, and so has to be nullable`);
        if (resolve) field.resolve = nullForNobody(resolve);
      }
    }
  }
  if (unused.size > 0)
    throw new Error(`permissions.ts is about what is not there: ${[...unused].join(', ')}`);
}

function ruledFields(): string[] {
  return Object.entries(FIELDS).flatMap(([type, rules]) =>
    Object.values(rules).flatMap((fields) => fields.split(' ').map((field) => `${type}.${field}`)),
  );
}

function forSignedIn(
  resolve: GraphQLFieldResolver<unknown, RequestContext>,
): GraphQLFieldResolver<unknown, RequestContext> {
  return (source, args, context, info) => {
    context.signedIn();
    return resolve(source, args, context, info);
  };
}

function nullForNobody(
  resolve: GraphQLFieldResolver<unknown, RequestContext>,
): GraphQLFieldResolver<unknown, RequestContext> {
  return (source, args, context, info) =>
    context.viewer() === null ? null : resolve(source, args, context, info);
}
