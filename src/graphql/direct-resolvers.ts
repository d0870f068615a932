import { type GraphQLFieldResolver, type GraphQLSchema, isObjectType } from 'graphql';
import { getMetadataStorage } from 'type-graphql';

type FieldResolver = ReturnType<typeof getMetadataStorage>['fieldResolvers'][number];
type Method = (...given: unknown[]) => unknown;

/**
 * Has the methods behind fields called without type-graphql's helpers, which find out anew at each call
 * what the parameters are: for a list of shows that is hundreds of times. Only where the object is of the
 * field's own class, and the method takes nothing but the object and the context.
 */
export function callMethodsDirectly(schema: GraphQLSchema, resolvers: ReadonlyMap<unknown, object>): void {
  const storage = getMetadataStorage();
  for (const resolver of storage.fieldResolvers) {
    const ofClass = resolver.kind === 'internal' ? resolver.target : resolver.getObjectType?.();
    const name = storage.objectTypes.find(({ target }) => target === ofClass)?.name;
    const type = name === undefined ? undefined : schema.getType(name);
    const field = isObjectType(type) ? type.getFields()[resolver.schemaName] : undefined;
    const direct = directCall(resolver, resolvers);
    if (field?.resolve === undefined || ofClass === undefined || direct === undefined) continue;
    const { resolve } = field;
    field.resolve = (source, args, context, info) =>
      source instanceof ofClass ? direct(source, args, context, info) : resolve(source, args, context, info);
  }
}

/** Undefined where the method takes more than the object and the context. */
function directCall(
  { kind, target, methodName, params = [], middlewares = [], roles }: FieldResolver,
  resolvers: ReadonlyMap<unknown, object>,
): GraphQLFieldResolver<unknown, unknown> | undefined {
  const kinds = params.toSorted((one, other) => one.index - other.index).map((param) => param.kind);
  const isPlain = params.every((param) => 'propertyName' in param && param.propertyName === undefined);
  if (!isPlain || kinds.length > 2 || middlewares.length > 0 || roles) return undefined;
  const [first, second] = kinds.map((one) => one === 'root');
  const instance = kind === 'external' ? resolvers.get(target) : undefined;
  if (kind === 'external' && instance === undefined) return undefined;
  return (source, _args, context) => {
    const receiver = (instance ?? source) as Readonly<Record<string, Method>>;
    const method = receiver[methodName] as Method;
    if (first === undefined) return method.call(receiver);
    const one = first ? source : context;
    return second === undefined
      ? method.call(receiver, one)
      : method.call(receiver, one, second ? source : context);
  };
}
