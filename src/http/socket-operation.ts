import { type ExecutionArgs, GraphQLError, type GraphQLSchema, getOperationAST } from 'graphql';
import type { SubscribePayload } from 'graphql-ws';
import type { Connection } from './connection.js';
import { type Documents, withCode } from './documents.js';

/** One operation that came over a WebSocket, ready to be executed in a context. */
export interface SocketOperation extends ExecutionArgs {
  readonly connection: Connection;
  /** As the client numbers its operations. */
  readonly id: string;
  readonly kind: 'query' | 'mutation' | 'subscription';
}

/** The same checks as over HTTP, where Apollo makes them. */
export function prepareOperation(
  connection: Connection,
  id: string,
  payload: SubscribePayload,
  schema: GraphQLSchema,
  documents: Documents,
): SocketOperation | readonly GraphQLError[] {
  const document = documents.prepare(payload.query);
  if (!('kind' in document)) return document;
  const operation = getOperationAST(document, payload.operationName);
  if (!operation) return [operationNotFound(payload.operationName)];
  const tooCostly = documents.tooCostly(document, payload);
  if (tooCostly) return [tooCostly];
  const { operationName, variables } = payload;
  forget(payload);
  return {
    connection,
    id,
    kind: operation.operation,
    schema,
    document,
    operationName,
    variableValues: variables,
  };
}

/** The protocol keeps each message until its operation is complete, which a subscription may never be. */
function forget(payload: { -readonly [Key in keyof SubscribePayload]: SubscribePayload[Key] }): void {
  payload.query = '';
  payload.variables = undefined;
  payload.extensions = undefined;
}

function operationNotFound(name: string | null | undefined): GraphQLError {
  const message = name == null ? 'Name one of the operations in operationName' : 'There is no such operation';
  return withCode(new GraphQLError(message), 'OPERATION_RESOLUTION_FAILURE');
}
