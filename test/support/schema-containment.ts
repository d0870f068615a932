import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLOutputType,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql';

/**
 * Says what a client of `contract` would miss in `schema`: whatever it may ask must still be possible, and whatever
 * it is answered must still fit what it expects. More than that may be in `schema`.
 *
 * @returns one sentence per difference; none when the schema contains the contract
 */
export function differences(contract: GraphQLSchema, schema: GraphQLSchema): string[] {
  return Object.values(contract.getTypeMap())
    .filter((type) => !type.name.startsWith('__'))
    .flatMap((type) => typeDifferences(type, schema.getType(type.name)));
}

function typeDifferences(expected: GraphQLNamedType, actual: GraphQLNamedType | undefined): string[] {
  if (actual === undefined) return [`${expected.name} is missing`];
  if (expected.constructor !== actual.constructor) return [`${expected.name} is another kind of type`];
  if (isEnumType(expected) && isEnumType(actual)) {
    return expected
      .getValues()
      .filter((value) => actual.getValue(value.name) === undefined)
      .map((value) => `${expected.name}.${value.name} is missing`);
  }
  if (isObjectType(expected) && isObjectType(actual)) {
    const fields = actual.getFields();
    return Object.values(expected.getFields()).flatMap((field) =>
      fieldDifferences(`${expected.name}.${field.name}`, field, fields[field.name]),
    );
  }
  if (isInputObjectType(expected) && isInputObjectType(actual)) {
    return inputDifferences(
      expected.name,
      Object.values(expected.getFields()),
      Object.values(actual.getFields()),
      isRequiredInputField,
    );
  }
  return [];
}

type Field = GraphQLField<unknown, unknown>;

function fieldDifferences(place: string, expected: Field, actual: Field | undefined): string[] {
  if (actual === undefined) return [`${place} is missing`];
  const type = fitsOutput(expected.type, actual.type)
    ? []
    : [`${place} answers with ${actual.type} where ${expected.type} is expected`];
  return [...type, ...inputDifferences(place, expected.args, actual.args, isRequiredArgument)];
}

type Input = GraphQLArgument | GraphQLInputField;

function inputDifferences<Given extends Input>(
  place: string,
  expected: readonly Given[],
  actual: readonly Given[],
  isRequired: (input: Given) => boolean,
): string[] {
  const known = new Set(expected.map((input) => input.name));
  const unknown = actual.filter((input) => !known.has(input.name) && isRequired(input));
  return [
    ...unknown.map((input) => `${place}.${input.name} is new and required`),
    ...expected.flatMap((input) => {
      const found = actual.find((other) => other.name === input.name);
      if (found === undefined) return [`${place}.${input.name} is missing`];
      const type = fitsInput(input.type, found.type)
        ? []
        : [`${place}.${input.name} takes ${found.type} where ${input.type} is sent`];
      const [was, is] = [input.defaultValue, found.defaultValue].map((value) => JSON.stringify(value));
      return was === is
        ? type
        : [...type, `${place}.${input.name} is ${is} where it is left out, not ${was}`];
    }),
  ];
}

/** Everything that `actual` answers with is something that `expected` allows. */
function fitsOutput(expected: GraphQLOutputType, actual: GraphQLOutputType): boolean {
  if (isNonNullType(expected)) return isNonNullType(actual) && fitsOutput(expected.ofType, actual.ofType);
  if (isNonNullType(actual)) return fitsOutput(expected, actual.ofType);
  if (isListType(expected)) return isListType(actual) && fitsOutput(expected.ofType, actual.ofType);
  return !isListType(actual) && expected.name === actual.name;
}

/** Everything that `expected` allows to be sent is something that `actual` takes. */
function fitsInput(expected: GraphQLInputType, actual: GraphQLInputType): boolean {
  if (isNonNullType(actual)) return isNonNullType(expected) && fitsInput(expected.ofType, actual.ofType);
  if (isNonNullType(expected)) return fitsInput(expected.ofType, actual);
  if (isListType(expected)) return isListType(actual) && fitsInput(expected.ofType, actual.ofType);
  return !isListType(actual) && expected.name === actual.name;
}
