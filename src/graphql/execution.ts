import {
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  GraphQLError,
  type GraphQLSchema,
} from 'graphql';
import { compileQuery, isCompiledQuery } from 'graphql-jit';
import type { Metrics } from '../metrics.js';

/** Compiling costs as much as executing some times; most documents of a stranger never come again. */
const EXECUTIONS_BEFORE_COMPILING = 3;

export type Execute = (args: Omit<ExecutionArgs, 'schema'>) => ExecutionResult | Promise<ExecutionResult>;
type Compiled = (root: unknown, context: unknown, variables: object) => ReturnType<Execute>;

interface Known {
  executions: number;
  /** Null where the compiler gives up; the document is then interpreted as ever. */
  compiled: Compiled | null | undefined;
}

/**
 * Executes documents, and compiles to JavaScript those that come again and again. Both ways give the
 * same answers and errors. What is known of a document lives as long as the document itself, so
 * whoever parses must bound how many are kept.
 */
export function createExecutor(schema: GraphQLSchema, metrics: Pick<Metrics, 'executions'>): Execute {
  const documents = new WeakMap<DocumentNode, Map<string | null | undefined, Known>>();

  const knownOf = ({ document, operationName }: Omit<ExecutionArgs, 'schema'>): Known => {
    const operations = documents.get(document) ?? new Map<string | null | undefined, Known>();
    documents.set(document, operations);
    const known = operations.get(operationName) ?? { executions: 0, compiled: undefined };
    operations.set(operationName, known);
    return known;
  };

  return (args) => {
    const known = knownOf(args);
    known.executions += 1;
    if (known.compiled === undefined && known.executions > EXECUTIONS_BEFORE_COMPILING) {
      known.compiled = compile(schema, args);
    }
    metrics.executions.inc({ way: known.compiled ? 'compiled' : 'interpreted' });
    if (!known.compiled) return execute({ schema, ...args });
    const result = known.compiled(args.rootValue, args.contextValue, args.variableValues ?? {});
    if (result instanceof Promise) return result.then(withErrorsOfGraphql);
    // Refused variables: no resolver has run, and graphql's own words for it are the documented ones.
    return 'data' in result ? withErrorsOfGraphql(result) : execute({ schema, ...args });
  };
}

function compile(
  schema: GraphQLSchema,
  { document, operationName }: Pick<ExecutionArgs, 'document' | 'operationName'>,
): Compiled | null {
  const compiled = compileQuery(schema, document, operationName ?? undefined, {
    disablingCapturingStackErrors: true,
  });
  return isCompiledQuery(compiled) ? (compiled.query as Compiled) : null;
}

/**
 * Compiled documents give errors that only look like graphql's (read-only, without `extensions`), and
 * one for each failure where graphql gives one for each place that became null: thousands, if the
 * elements of a list fail that cannot be null.
 */
function withErrorsOfGraphql(result: ExecutionResult): ExecutionResult {
  if (result.errors === undefined) return result;
  const byPlace = new Map(
    result.errors.map((error) => [nulledBy(error, result.data), error] as const).reverse(),
  );
  const errors = [...byPlace.values()]
    .reverse()
    .map(({ message, path, originalError, locations }) =>
      Object.assign(new GraphQLError(message, { path, originalError }), { locations }),
    );
  return { ...result, errors };
}

/** The part of the error's path that leads to the null in the answer. */
function nulledBy({ path = [] }: GraphQLError, data: ExecutionResult['data']): string {
  let value: unknown = data;
  const place = path.findIndex((key) => {
    if (value == null) return true;
    value = (value as Record<string | number, unknown>)[key];
    return false;
  });
  return path.slice(0, place < 0 ? undefined : place).join('.');
}
