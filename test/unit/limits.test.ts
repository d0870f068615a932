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

describe('the limit of mutations', () => {
  const tooMany = (count: number) => `The operation has ${count} mutations; at most 20 are allowed`;
  const mutations = (count: number, from = 0) =>
    Array.from({ length: count }, (_, index) => `a${from + index}: m { name }`).join(' ');

  it('lets 20 of one operation through and refuses 21, wherever they stand', () => {
    expect(complaints(`mutation { ${mutations(20)} }`)).toEqual([]);
    expect(complaints(`mutation { ${mutations(21)} }`)).toEqual([tooMany(21)]);
    expect(complaints(`mutation A { ${mutations(20)} } mutation B { ${mutations(20, 20)} }`)).toEqual([]);
    const fragment = `fragment F on Mutation { ${mutations(11, 10)} }`;
    expect(complaints(`mutation { ... { ${mutations(10)} } ...F ...F } ${fragment}`)).toEqual([tooMany(21)]);
  });

  it('counts what is executed once as one, and does not end for ever in circles', () => {
    expect(complaints(`mutation { ${'m { name } '.repeat(30)} }`)).toEqual([]);
    expect(complaints('mutation { ...F } fragment F on Mutation { m { name } ...F }')).toEqual([]);
  });

  it('says nothing of queries', () => {
    expect(complaints(`{ ${Array.from({ length: 40 }, (_, n) => `a${n}: name`).join(' ')} }`)).toEqual([]);
  });
});

describe('the limit of directives', () => {
  it('lets 50 through and refuses 51, wherever they stand', () => {
    const tooMany = (count: number) => `The document has ${count} directives; at most 50 are allowed`;
    expect(complaints(`{ name ${'@skip(if: false) '.repeat(50)} }`)).toEqual([]);
    expect(complaints(`{ name ${'@unknown '.repeat(51)} }`)).toEqual([tooMany(51)]);
    const spread = `query @a { ...F @b name ${'@c '.repeat(40)} } fragment F on Query`;
    expect(complaints(`${spread} { name ${'@d '.repeat(8)} }`)).toEqual([]);
    expect(complaints(`${spread} { name ${'@d '.repeat(9)} }`)).toEqual([tooMany(51)]);
  });
});
