import { type GraphQLFieldResolver, type GraphQLSchema, isObjectType } from 'graphql';
import type { RequestContext } from './context.js';

/** The fields whose texts may have more than some 250 characters. */
const LONG_TEXTS: Readonly<Record<string, readonly string[]>> = {
  Show: ['description'],
  ShowCancellation: ['reason'],
  Order: ['checkoutUrl'],
  Refund: ['note'],
  WebhookEvent: ['lastError'],
};

type Resolve = GraphQLFieldResolver<Readonly<Record<string, unknown>>, RequestContext>;

/**
 * Has the characters of long texts counted that go into an answer: one text may be asked for under many names, and
 * the cost of a field knows nothing of how long it is.
 *
 * @throws Error where the schema has no such field
 */
export function countLongTexts(schema: GraphQLSchema): void {
  for (const [typeName, names] of Object.entries(LONG_TEXTS)) {
    const type = schema.getType(typeName);
    for (const name of names) {
      const field = isObjectType(type) ? type.getFields()[name] : undefined;
      if (field === undefined) throw new Error(`${typeName}.${name} has no texts to count: it is not there`);
      field.resolve = counted((field.resolve as Resolve | undefined) ?? ((source) => source[name]));
    }
  }
}

function counted(resolve: Resolve): Resolve {
  return (source, args, context, info) => {
    const text = resolve(source, args, context, info);
    return text instanceof Promise ? text.then(countIn(context)) : countIn(context)(text);
  };
}

function countIn(context: RequestContext): (text: unknown) => unknown {
  return (text) => (typeof text === 'string' ? context.countText(text) : text);
}
