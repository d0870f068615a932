import { describe, expect, it } from '@jest/globals';
import { buildSchema, parse, validate } from 'graphql';
import { documentLimits } from '../../src/graphql/limits.js';

const schema = buildSchema('type Query { q: Query name: String } type Mutation { m: Query }');

/** What the limits alone say of a document. */
const complaints = (document: string) =>
  validate(schema, parse(document), documentLimits).map((error) => error.message);

/** `levels` fields, each inside the one before. */
const nested = (levels: number, inner = 'name') =>
  `${'q { '.repeat(levels - 1)}${inner}${' }'.repeat(levels - 1)}`;
const tooDeep = (levels: number) => `The document is ${levels} levels deep; at most 15 are allowed`;

describe('the limit of depth', () => {
  it.each([1, 2, 15])('lets %i levels through', (levels) => {
    expect(complaints(`{ ${nested(levels)} }`)).toEqual([]);
  });

  it.each([16, 17, 300])('refuses %i levels', (levels) => {
    expect(complaints(`{ ${nested(levels)} }`)).toEqual([tooDeep(levels)]);
  });

  it('measures the deepest of several branches', () => {
    expect(complaints(`{ a: ${nested(3)} b: ${nested(20)} c: ${nested(16)} }`)).toEqual([tooDeep(20)]);
  });

  it('counts neither fragments nor inline fragments as levels, and looks into both', () => {
    const fragment = `fragment F on Query { ... on Query { ... { ${nested(8)} } } }`;
    expect(complaints(`{ ${nested(8, '...F')} } ${fragment}`)).toEqual([]);
    expect(complaints(`{ ${nested(9, '...F')} } ${fragment}`)).toEqual([tooDeep(16)]);
  });

  it('measures a fragment wherever it is spread, though it is measured once', () => {
    const fragments = `fragment F on Query { ${nested(10)} } fragment G on Query { ...F q { ...F } }`;
    expect(complaints(`{ ...F ...G } ${fragments}`)).toEqual([]);
    expect(complaints(`{ ...F ${nested(6, '...G')} } ${fragments}`)).toEqual([tooDeep(16)]);
  });

  it('speaks of every operation of the document on its own', () => {
    const document = `query A { ${nested(16)} } mutation B { m { ${nested(15)} } } query C { name }`;
    expect(complaints(document)).toEqual([tooDeep(16), tooDeep(16)]);
  });

  it('does not end for ever in fragments that contain themselves', () => {
    expect(complaints('{ ...F } fragment F on Query { q { ...F } }')).toEqual([]);
    expect(
      complaints('{ ...F } fragment F on Query { q { ...G } } fragment G on Query { q { ...F } }'),
    ).toEqual([]);
  });

  it('takes no longer for fragments that double with each other', () => {
    const doubling = Array.from(
      { length: 60 },
      (_, index) => `fragment F${index} on Query { ...F${index + 1} ...F${index + 1} }`,
    );
    expect(complaints(`{ ...F0 } ${doubling.join(' ')} fragment F60 on Query { ${nested(16)} }`)).toEqual([
      tooDeep(16),
    ]);
  });

  it('says nothing of fragments that are not there, nor of introspection', () => {
    expect(complaints('{ ...Missing }')).toEqual([]);
    const deep = `${'ofType { '.repeat(40)}name${' }'.repeat(40)}`;
    expect(complaints(`{ __schema { types { ${deep} } } __typename ${nested(15)} }`)).toEqual([]);
  });
});

describe('the limit of aliases', () => {
  const aliases = (count: number, from = 0) =>
    Array.from({ length: count }, (_, index) => `a${from + index}: name`).join(' ');

  it('lets 50 through and refuses 51, wherever they stand', () => {
    const tooMany = (count: number) => `The document has ${count} aliases; at most 50 are allowed`;
    expect(complaints(`{ ${aliases(50)} name name }`)).toEqual([]);
    expect(complaints(`{ ${aliases(51)} }`)).toEqual([tooMany(51)]);
    const spread = `{ ${aliases(20)} q { ${aliases(20, 20)} ...F } } fragment F on Query`;
    expect(complaints(`${spread} { ${aliases(10, 40)} }`)).toEqual([]);
    expect(complaints(`${spread} { ${aliases(11, 40)} }`)).toEqual([tooMany(51)]);
  });
});
