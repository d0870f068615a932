import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLError,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  getOperationAST,
  isCompositeType,
  isInterfaceType,
  isListType,
  isObjectType,
  type OperationDefinitionNode,
  SchemaMetaFieldDef,
  type SelectionSetNode,
  TypeMetaFieldDef,
} from 'graphql';
import { LARGEST_PAGE } from '../validation/paging.js';
import { DOCUMENT_LIMITS, limitExceeded } from './limits.js';

/**
 * How many elements a list counts as that has no `first`. Few: how many there are is counted while it is executed
 * (see RequestContext.count), and nesting multiplies. Those of introspection are known not to be few.
 */
const UNSIZED_LIST = 2;
const INTROSPECTION_LIST = 10;
/** Nothing is loaded for the fields of introspection. */
const INTROSPECTION_SHARE = 8;

type Variables = Readonly<Record<string, unknown>> | null | undefined;

/**
 * What an operation costs: each field 1, and what is inside a list as often as the list is long. That is
 * what `first` says, and 2 where a list has none; `edges` and `nodes` of a connection are as long as it.
 * Introspection counts an eighth, with 10 for each of its lists. Where `@skip` or `@include` stand is not
 * looked at. The largest page of shows with everything about each costs some 4,500, and what tools ask of
 * the schema 6,500.
 */
export class Costs {
  /** Of operations whose cost does not depend on variables. */
  private readonly known = new WeakMap<OperationDefinitionNode, number>();

  constructor(private readonly schema: GraphQLSchema) {}

  /**
   * @param document valid by the schema
   * @returns what is wrong where the operation costs more than one may; nothing where there is no such operation
   */
  check(
    document: DocumentNode,
    operationName: string | null | undefined,
    variables: Variables,
  ): GraphQLError | undefined {
    const operation = getOperationAST(document, operationName);
    if (!operation) return undefined;
    const cost = this.known.get(operation) ?? this.measure(document, operation, variables);
    const most = DOCUMENT_LIMITS.cost;
    if (cost <= most) return undefined;
    const message = `The operation costs ${words(cost)}; at most ${words(most)} is allowed: ask for fewer fields or smaller pages`;
    return limitExceeded(message, most, cost, [operation]);
  }

  private measure(document: DocumentNode, operation: OperationDefinitionNode, variables: Variables): number {
    const measurement = new Measurement(this.schema, document, operation, variables);
    const cost = Math.ceil(measurement.ofOperation());
    if (!measurement.usedVariables) this.known.set(operation, cost);
    return cost;
  }
}

/** Of one operation with its variables. */
class Measurement {
  usedVariables = false;
  private readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** Each is measured once, or a document of a few fragments could take for ever. */
  private readonly measured = new Map<string, number>();
  private readonly defaults: ReadonlyMap<string, unknown>;

  constructor(
    private readonly schema: GraphQLSchema,
    document: DocumentNode,
    private readonly operation: OperationDefinitionNode,
    private readonly variables: Variables,
  ) {
    const fragments = document.definitions.filter((one) => one.kind === 'FragmentDefinition');
    this.fragments = new Map(fragments.map((fragment) => [fragment.name.value, fragment]));
    this.defaults = new Map(
      operation.variableDefinitions?.map(({ variable, defaultValue }) => [
        variable.name.value,
        defaultValue?.kind === 'IntValue' ? Number(defaultValue.value) : undefined,
      ]),
    );
  }

  ofOperation(): number {
    const root = this.schema.getRootType(this.operation.operation);
    return root ? this.ofSelections(this.operation.selectionSet, root, false) : 0;
  }

  /** @param isSized whether the lists right in here are as long as the page that they are of */
  private ofSelections({ selections }: SelectionSetNode, type: GraphQLNamedType, isSized: boolean): number {
    let sum = 0;
    for (const selection of selections) {
      if (selection.kind === 'Field') sum += this.ofField(selection, type, isSized);
      else if (selection.kind === 'InlineFragment') {
        const condition = selection.typeCondition?.name.value;
        const inside = condition === undefined ? type : (this.schema.getType(condition) ?? type);
        sum += this.ofSelections(selection.selectionSet, inside, isSized);
      } else sum += this.ofFragment(selection.name.value, isSized);
    }
    return sum;
  }

  private ofFragment(name: string, isSized: boolean): number {
    const key = `${isSized} ${name}`;
    const known = this.measured.get(key);
    if (known !== undefined) return known;
    const fragment = this.fragments.get(name);
    const type = fragment && this.schema.getType(fragment.typeCondition.name.value);
    if (!type) return 0;
    const cost = this.ofSelections(fragment.selectionSet, type, isSized);
    this.measured.set(key, cost);
    return cost;
  }

  private ofField(node: FieldNode, parent: GraphQLNamedType, isSized: boolean): number {
    const field = this.definitionOf(node.name.value, parent);
    if (!field || !node.selectionSet) return 1;
    const type = getNamedType(field.type);
    if (!isCompositeType(type)) return 1;
    const page = this.pageSize(node, field);
    const inside = this.ofSelections(node.selectionSet, type, page !== undefined);
    if (page !== undefined) return 1 + page * inside;
    const isIntrospection = type.name.startsWith('__');
    const isList = isListType(getNullableType(field.type)) && !isSized;
    const length = !isList ? 1 : isIntrospection ? INTROSPECTION_LIST : UNSIZED_LIST;
    const cost = 1 + length * inside;
    return field === SchemaMetaFieldDef || field === TypeMetaFieldDef ? cost / INTROSPECTION_SHARE : cost;
  }

  private definitionOf(name: string, parent: GraphQLNamedType): GraphQLField<unknown, unknown> | undefined {
    if (name === SchemaMetaFieldDef.name) return SchemaMetaFieldDef;
    if (name === TypeMetaFieldDef.name) return TypeMetaFieldDef;
    return isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name] : undefined;
  }

  /** Undefined for a field that has no `first`. What is no size of a page is refused when it is executed. */
  private pageSize(node: FieldNode, field: GraphQLField<unknown, unknown>): number | undefined {
    const argument = field.args.find(({ name }) => name === 'first');
    if (argument === undefined) return undefined;
    const given = node.arguments?.find(({ name }) => name.value === 'first')?.value;
    const size = given?.kind === 'IntValue' ? Number(given.value) : this.ofVariable(given);
    const first = size ?? argument.defaultValue;
    return typeof first === 'number' ? Math.min(Math.max(first, 1), LARGEST_PAGE) : LARGEST_PAGE;
  }

  private ofVariable(given: { kind: string; name?: { value: string } } | undefined): unknown {
    if (given?.kind !== 'Variable' || given.name === undefined) return undefined;
    this.usedVariables = true;
    const name = given.name.value;
    const value = this.variables?.[name];
    // A null that was sent is no default: the field then has a page as where nothing was said.
    return value === undefined ? this.defaults.get(name) : (value ?? undefined);
  }
}

function words(cost: number): string {
  return cost.toLocaleString('en-US', { maximumSignificantDigits: 15 });
}
