import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  buildSchema,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLObjectType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import type { Random } from '../../bench/onsale/random.js';
import { projectRoot } from '../../dev/paths.js';
import { chance, json, NUMBERS, pick, text, whole } from './random-values.js';

const schema = buildSchema(readFileSync(join(projectRoot, 'schema.graphql'), 'utf8'));

export interface RandomDocument {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Ids, tokens and the like that exist, so that not everything ends at "not found". */
export type Known = readonly string[];

/**
 * Some operation that is valid by the schema: any fields, with any arguments of the right types, nested at random.
 *
 * @param root names of the fields to begin with; all of the kind unless given
 */
export function randomDocument(
  random: Random,
  kind: 'query' | 'mutation' | 'subscription',
  known: Known,
  roots?: readonly string[],
): RandomDocument {
  const variables: Record<string, unknown> = {};
  const declared: string[] = [];
  let aliases = 0;
  const argumentsOf = (field: GraphQLField<unknown, unknown>): string => {
    const given = field.args.filter(({ type }) => isNonNullType(type) || chance(random, 0.5));
    if (given.length === 0) return '';
    const texts = given.map(({ name, type }) => {
      const variable = `v${declared.length}`;
      declared.push(`$${variable}: ${type}`);
      variables[variable] = valueFor(random, type, known);
      return `${name}: $${variable}`;
    });
    return `(${texts.join(', ')})`;
  };
  const fieldText = (field: GraphQLField<unknown, unknown>, depth: number): string => {
    const type = getNamedType(field.type);
    const inside = isObjectType(type) ? ` ${selectionOf(type, depth - 1)}` : '';
    // Two of the same name with other arguments would not fit together.
    const alias = field.args.length > 0 || chance(random, 0.05) ? `a${aliases++}: ` : '';
    const directive = chance(random, 0.05) ? ' @include(if: true)' : '';
    return `${alias}${field.name}${argumentsOf(field)}${directive}${inside}`;
  };
  const selectionOf = (type: GraphQLObjectType, depth: number): string => {
    const fields = Object.values(type.getFields()).filter(
      (field) => depth > 0 || !isObjectType(getNamedType(field.type)),
    );
    const chosen = Array.from({ length: whole(random, 1, 5) }, () => pick(random, fields)).filter(Boolean);
    const texts = [...new Set(chosen)].map((field) => fieldText(field, depth));
    const body = ['__typename', ...texts].join(' ');
    return chance(random, 0.1) ? `{ ... on ${type.name} { ${body} } }` : `{ ${body} }`;
  };
  const rootType = rootOf(kind);
  if (!rootType) throw new Error(`The schema has no ${kind}.`);
  const fields = Object.values(rootType.getFields()).filter(({ name }) => roots?.includes(name) ?? true);
  const count = kind === 'subscription' ? 1 : whole(random, 1, 4);
  const body = Array.from({ length: count }, () => fieldText(pick(random, fields), whole(random, 1, 7))).join(
    ' ',
  );
  const declarations = declared.length > 0 ? `(${declared.join(', ')})` : '';
  return { query: `${kind} ${declarations} { ${body} }`, variables };
}

/** A value of this type; of an input object, often without what may be left out. */
function valueFor(random: Random, type: GraphQLInputType, known: Known): unknown {
  if (isNonNullType(type)) return valueFor(random, type.ofType, known) ?? valueFor(random, type, known);
  if (chance(random, 0.1)) return null;
  if (isListType(type)) {
    return Array.from({ length: whole(random, 0, 4) }, () => valueFor(random, type.ofType, known));
  }
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields());
    const given = fields.filter((field) => isNonNullType(field.type) || chance(random, 0.5));
    return Object.fromEntries(given.map((field) => [field.name, valueFor(random, field.type, known)]));
  }
  if (isEnumType(type)) return pick(random, type.getValues()).name;
  return scalarOf(random, type.name, known);
}

function scalarOf(random: Random, name: string, known: Known): unknown {
  switch (name) {
    case 'Int':
      return pick(
        random,
        NUMBERS.filter((one) => Number.isInteger(one) && Math.abs(one) < 2 ** 31),
      );
    case 'Float':
      return pick(random, NUMBERS);
    case 'Boolean':
      return chance(random, 0.5);
    case 'ID':
      return chance(random, 0.7) ? pick(random, known) : text(random);
    case 'DateTime':
      return pick(random, [
        '2026-01-01T00:00:00.000Z',
        '2099-12-31T23:59:59.999Z',
        '0001-01-01T00:00:00Z',
        '9999-12-31T23:59:59Z',
        '1970-01-01T00:00:00+14:00',
      ]);
    default:
      return chance(random, 0.3) ? pick(random, known) : text(random);
  }
}

/** The same document with variables of which something is anything. */
export function withWrongVariables(random: Random, { query, variables }: RandomDocument): RandomDocument {
  const names = Object.keys(variables);
  if (names.length === 0) return { query, variables: { any: json(random) } };
  const name = pick(random, names);
  return { query, variables: { ...variables, [name]: wrongIn(random, variables[name]) } };
}

/** Goes into the value at random, and puts something else where it ends. */
function wrongIn(random: Random, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || chance(random, 0.2)) return json(random);
  const keys = Object.keys(value);
  if (keys.length === 0) return json(random);
  const key = chance(random, 0.1) ? text(random) : pick(random, keys);
  const changed = { ...value, [key]: wrongIn(random, (value as Record<string, unknown>)[key]) };
  return Array.isArray(value) ? Object.values(changed) : changed;
}

function rootOf(kind: 'query' | 'mutation' | 'subscription'): GraphQLObjectType | null | undefined {
  if (kind === 'query') return schema.getQueryType();
  return kind === 'mutation' ? schema.getMutationType() : schema.getSubscriptionType();
}
