import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  NoSchemaIntrospectionCustomRule,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import type { SubscribePayload } from 'graphql-ws';
import { LRUCache } from 'lru-cache';
import { Costs } from '../graphql/cost.js';
import { DOCUMENT_LIMITS, documentLimits } from '../graphql/limits.js';
import { subscriptionRoot } from '../graphql/subscription-root.rule.js';

/** A parsed document takes some hundred bytes per character of its text. */
const MOST_CHARACTERS = 200_000;
const MOST_DOCUMENTS = 500;

/** Parses and validates as Apollo does over HTTP, and each text once while it is in use. */
export class Documents {
  private readonly known = new LRUCache<string, DocumentNode>({
    max: MOST_DOCUMENTS,
    maxSize: MOST_CHARACTERS,
    sizeCalculation: (_document, text) => text.length,
  });
  private readonly rules;
  private readonly costs: Costs;

  constructor(
    private readonly schema: GraphQLSchema,
    introspection: boolean,
  ) {
    const hidden = introspection ? [] : [NoSchemaIntrospectionCustomRule];
    this.costs = new Costs(schema);
    this.rules = [...specifiedRules, subscriptionRoot, ...documentLimits, ...hidden];
  }

  /** @returns the same object for the same text, as long as it is remembered */
  prepare(text: string): DocumentNode | readonly GraphQLError[] {
    const known = this.known.get(text);
    if (known !== undefined) return known;
    const document = parsed(text);
    if (document instanceof GraphQLError) return [withCode(document, 'GRAPHQL_PARSE_FAILED')];
    const errors = this.validate(document);
    if (errors.length > 0) return errors.map((error) => withCode(error, 'GRAPHQL_VALIDATION_FAILED'));
    this.known.set(text, document);
    return document;
  }

  /** @returns why the operation is not to be executed with these variables */
  tooCostly(
    document: DocumentNode,
    { operationName, variables }: Pick<SubscribePayload, 'operationName' | 'variables'>,
  ): GraphQLError | undefined {
    return this.costs.check(document, operationName, variables);
  }

  /** A rule of graphql's own throws where a directive's variable stands at a subscription's root. */
  private validate(document: DocumentNode): readonly GraphQLError[] {
    try {
      return validate(this.schema, document, this.rules);
    } catch (error) {
      if (error instanceof GraphQLError) return [error];
      throw error;
    }
  }
}

function parsed(text: string): DocumentNode | GraphQLError {
  try {
    return parse(text, { maxTokens: DOCUMENT_LIMITS.tokens });
  } catch (error) {
    if (error instanceof GraphQLError) return error;
    throw error;
  }
}

export function withCode(error: GraphQLError, code: string): GraphQLError {
  return new GraphQLError(error.message, {
    nodes: error.nodes,
    source: error.source,
    positions: error.positions,
    extensions: { ...error.extensions, code },
  });
}
