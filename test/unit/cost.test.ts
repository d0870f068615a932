import { describe, expect, it } from '@jest/globals';
import { buildSchema, parse } from 'graphql';
import { Costs } from '../../src/graphql/cost.js';

const schema = buildSchema(`
  type Query { one: Item many: [Item!]! page(first: Int = 20): Connection! self: Query }
  type Connection { nodes: [Item!]! edges: [Edge!]! total: Int! }
  type Edge { node: Item! cursor: String! }
  type Item { id: ID! name: String items: [Item!]! }`);

/** What an operation costs; the bound is made low enough to be told. */
function costOf(document: string, variables: Record<string, unknown> = {}): number {
  // A hundred pages of a hundred cost more than is allowed, whatever is added to them.
  const padding = `padding: page(first: 100) { nodes { ${Array.from({ length: 300 }, (_, n) => `p${n}: id`).join(' ')} } }`;
  const padded = document.replace('{', `{ ${padding} `);
  const error = new Costs(schema).check(parse(padded), undefined, variables);
  return Number(error?.extensions.actual) - (1 + 100 * (1 + 300));
}

describe('the cost of an operation', () => {
  it.each([
    ['{ one { id name } }', 3],
    ['{ many { id name } }', 1 + 2 * 2],
    ['{ many { items { id } } }', 1 + 2 * (1 + 2 * 1)],
    ['{ page { total } }', 1 + 20 * 1],
    ['{ page(first: 5) { nodes { id name } } }', 1 + 5 * (1 + 2)],
    ['{ page(first: 5) { edges { cursor node { id } } } }', 1 + 5 * (1 + 1 + 2)],
    ['{ page(first: 5) { nodes { items { id } } } }', 1 + 5 * (1 + 1 + 2)],
    ['{ page(first: 1000000) { total } }', 1 + 100],
    ['{ page(first: -7) { total } }', 1 + 1],
    ['{ self { self { one { id } } } }', 4],
    ['{ one { ...F } ... on Query { many { ...F } } } fragment F on Item { id name }', 3 + 1 + 2 * 2],
    ['{ page(first: 5) { ...F } } fragment F on Connection { nodes { id } }', 1 + 5 * 2],
  ])('%s', (document, cost) => {
    expect(costOf(document)).toBe(cost);
  });

  it('follows the variables of each time', () => {
    const document = 'query ($first: Int = 7) { page(first: $first) { total } }';
    expect(costOf(document, { first: 3 })).toBe(1 + 3);
    expect(costOf(document)).toBe(1 + 7);
    expect(costOf(document, { first: 'many' })).toBe(1 + 100);
    expect(costOf(document, { first: null })).toBe(1 + 20);
    expect(costOf('query ($first: Int) { page(first: $first) { total } }')).toBe(1 + 20);
  });

  it('of introspection is an eighth, with ten for each list', () => {
    expect(costOf('{ __schema { types { name fields { name } } } }')).toBe(
      Math.ceil((1 + 1 + 10 * (1 + 1 + 10)) / 8),
    );
    expect(costOf('{ __type(name: "Item") { name } __typename }')).toBe(Math.ceil(2 / 8 + 1));
  });

  it('is measured anew for each operation of a document', () => {
    const costs = new Costs(schema);
    const wide = Array.from({ length: 300 }, (_, n) => `a${n}: id`).join(' ');
    const document = parse(`query A { one { id } } query B { page(first: 100) { nodes { ${wide} } } }`);
    expect(costs.check(document, 'A', {})).toBeUndefined();
    expect(costs.check(document, 'B', {})?.extensions).toMatchObject({ limit: 20_000, actual: 30_101 });
    expect(costs.check(document, 'C', {})).toBeUndefined();
  });
});
