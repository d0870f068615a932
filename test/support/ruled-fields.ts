import {
  type DocumentNode,
  type FieldNode,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isLeafType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  parse,
  print,
  type SelectionNode,
} from 'graphql';
import { audienceOf, type FieldAudience } from '../../src/graphql/permissions.js';

/** A field that is not for all, at one place of an answer. */
export interface SeenField {
  /** e.g. `Ticket.held` */
  readonly field: string;
  /** e.g. `order.lines.0.ticket.held` */
  readonly place: string;
  readonly audience: FieldAudience;
  /** Whose business it is. */
  readonly producerId: string | undefined;
  readonly value: unknown;
}

/**
 * The document with everything added that its answer could have of fields that are not for all, along every way
 * through the schema that meets no type twice.
 */
export function withRuledFields(schema: GraphQLSchema, document: string): string {
  const parsed = parse(document);
  const operation = parsed.definitions[0] as OperationDefinitionNode;
  const root = operation.selectionSet.selections[0] as FieldNode;
  const added = selectionOf(typeOfRoot(schema, operation, root), []);
  if (root.selectionSet === undefined || added === '') return document;
  const { selections } = (parse(`{ x { ${added} } }`).definitions[0] as OperationDefinitionNode).selectionSet;
  const more = (selections[0] as FieldNode).selectionSet!.selections;
  const all: readonly SelectionNode[] = [...root.selectionSet.selections, ...more];
  const changed: DocumentNode = {
    ...parsed,
    definitions: [
      {
        ...operation,
        selectionSet: {
          kind: Kind.SELECTION_SET,
          selections: [{ ...root, selectionSet: { kind: Kind.SELECTION_SET, selections: all } }],
        },
      },
    ],
  };
  return print(changed);
}

function typeOfRoot(schema: GraphQLSchema, operation: OperationDefinitionNode, root: FieldNode) {
  const field = schema.getRootType(operation.operation)!.getFields()[root.name.value]!;
  return getNamedType(field.type);
}

function selectionOf(type: unknown, above: readonly string[]): string {
  if (!isObjectType(type) || above.includes(type.name)) return '';
  const path = [...above, type.name];
  const fields = Object.values(type.getFields()).flatMap((field) => {
    const named = getNamedType(field.type);
    if (audienceOf(type.name, field.name) !== 'all') {
      return [isLeafType(named) ? field.name : `${field.name} { __typename }`];
    }
    const below = selectionOf(named, path);
    return below === '' ? [] : [`${field.name} { ${below} }`];
  });
  return fields.length === 0 ? '' : [...fields, ...whose(type)].join(' ');
}

/** What says which producer an object is of. */
function whose(type: GraphQLObjectType): string[] {
  switch (type.name) {
    case 'Producer':
      return ['id'];
    case 'Show':
      return ['producer { id }'];
    case 'Ticket':
    case 'Order':
      return ['show { producer { id } }'];
    default:
      return [];
  }
}

/** Every field of an answer that is not for all, and what it was answered with. */
export function ruledFieldsIn(
  schema: GraphQLSchema,
  document: string,
  data: Readonly<Record<string, unknown>> | null | undefined,
): SeenField[] {
  const operation = parse(document).definitions[0] as OperationDefinitionNode;
  const root = operation.selectionSet.selections[0] as FieldNode;
  const name = root.name.value;
  return walk(typeOfRoot(schema, operation, root), data?.[name], name, undefined);
}

function walk(type: unknown, value: unknown, place: string, above: string | undefined): SeenField[] {
  if (Array.isArray(value)) {
    return value.flatMap((one, index) => walk(type, one, `${place}.${index}`, above));
  }
  if (!isObjectType(type) || typeof value !== 'object' || value === null) return [];
  const object = value as Record<string, unknown>;
  const producerId = producerOf(type, object) ?? above;
  return Object.entries(object).flatMap(([name, below]) => {
    const field = type.getFields()[name];
    if (field === undefined) return [];
    const audience = audienceOf(type.name, name)!;
    const here = `${place}.${name}`;
    if (audience !== 'all') {
      return [{ field: `${type.name}.${name}`, place: here, audience, producerId, value: below }];
    }
    return walk(getNamedType(field.type), below, here, producerId);
  });
}

function producerOf(type: GraphQLObjectType, object: Record<string, unknown>): string | undefined {
  type WithProducer = { producer?: { id?: string } } | undefined;
  if (type.name === 'Producer') return object.id as string | undefined;
  const show = (type.name === 'Show' ? object : object.show) as WithProducer;
  return show?.producer?.id;
}
