import { describe, expect, it } from '@jest/globals';
import { buildSchema, GraphQLError, parse, validate } from 'graphql';
import { getVariableValues } from 'graphql/execution/values.js';
import { withoutValues } from '../../src/graphql/without-values.js';

const SECRET = 'hunter2; Field "x" at "y"; z';
const schema = buildSchema(`
  enum Colour { RED GREEN }
  input Thing { text: String! number: Int colour: Colour }
  type Query { one(thing: Thing, texts: [String!], id: ID): Int }
`);

function refused(variables: Record<string, unknown>): string[] {
  const document = parse(
    'query ($thing: Thing, $texts: [String!], $id: ID) { one(thing: $thing, texts: $texts, id: $id) }',
  );
  const [operation] = document.definitions;
  const { errors = [] } = getVariableValues(
    schema,
    (operation as never as { variableDefinitions: [] }).variableDefinitions,
    variables,
  );
  return errors.map(({ message }) => message);
}

function invalid(document: string): string[] {
  try {
    return validate(schema, parse(document)).map(({ message }) => message);
  } catch (error) {
    return [(error as GraphQLError).message];
  }
}

describe('what graphql says of a mistake, told without the value', () => {
  it.each([
    [
      { thing: { text: [SECRET] } },
      'Variable "$thing" got an invalid value at "thing.text"; String cannot represent what was sent.',
    ],
    [
      { thing: { text: 'a', number: SECRET } },
      'Variable "$thing" got an invalid value at "thing.number"; Int cannot represent what was sent.',
    ],
    [
      { thing: { text: 'a', colour: SECRET } },
      'Variable "$thing" got an invalid value at "thing.colour"; The value does not exist in "Colour" enum.',
    ],
    [
      { thing: { text: SECRET, nope: 1 } },
      'Variable "$thing" got an invalid value; Field "nope" is not defined by type "Thing".',
    ],
    [
      { thing: { number: 1 } },
      'Variable "$thing" got an invalid value; Field "text" of required type "String!" was not provided.',
    ],
    [{ thing: SECRET }, 'Variable "$thing" got an invalid value; Expected type "Thing" to be an object.'],
    [
      { texts: [SECRET, null] },
      'Variable "$texts" got an invalid value at "texts[1]"; Expected non-nullable type "String!" not to be null.',
    ],
    [{ id: { is: SECRET } }, 'Variable "$id" got an invalid value; ID cannot represent what was sent.'],
  ])('of variables: %j', (variables, told) => {
    const messages = refused(variables);
    expect(messages.map(withoutValues)).toEqual([told]);
  });

  it.each([
    ['{ one(id: ["hunter2"]) }', 'ID cannot represent what was sent.'],
    ['{ one(thing: { text: ["hunter2"] }) }', 'String cannot represent what was sent.'],
    ['{ one(thing: "hunter2") }', 'Expected value of type "Thing".'],
    ['{ one(thing: { text: "a", colour: hunter2 }) }', 'The value does not exist in "Colour" enum.'],
    ['{ one(thing: { text: "a", colour: "hunter2" }) }', 'Enum "Colour" cannot represent what was sent.'],
    ['{ one("hunter2") }', 'Syntax Error: Expected Name, found String.'],
    ['{ one(id: 4242424242424242 "x") }', 'Syntax Error: Expected Name, found String.'],
    ['{ one(4242424242424242) }', 'Syntax Error: Expected Name, found Int.'],
  ])('of a document: %s', (document, told) => {
    expect(invalid(document).map(withoutValues)).toEqual([told]);
  });

  it.each([
    'Cannot query field "nothing" on type "Query".',
    'Variable "$id" of required type "ID!" was not provided.',
    'Syntax Error: Expected Name, found "}".',
    'The document is 16 levels deep; at most 15 are allowed',
  ])('and the same where there is none: %s', (message) => {
    expect(withoutValues(message)).toBe(message);
  });
});
