import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import {
  buildSchema,
  type DocumentNode,
  getVariableValues,
  Kind,
  type OperationDefinitionNode,
  parse,
  validate,
} from 'graphql';
import { DEMO_USER } from '../../dev/demo.js';
import { readyTabs } from '../../src/http/graphiql/page/operations.js';

const schema = buildSchema(readFileSync(new URL('../contract.graphql', import.meta.url), 'utf8'));
const now = new Date('2026-03-01T12:34:56.789Z');
const tabs = readyTabs(now, 'http://localhost:4000');

function operationsOf(document: DocumentNode): OperationDefinitionNode[] {
  return document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
}

describe('the operations GraphiQL opens with', () => {
  it('offers to browse, buy, watch and sell, in this order', () => {
    const names = tabs.map(({ query }) => operationsOf(parse(query)).map(({ name }) => name?.value));

    expect(names).toEqual([
      ['Browse'],
      ['Buy'],
      ['Watch'],
      [
        'SellSignIn',
        'SellCreateProducer',
        'SellConnectStripe',
        'SellCreateShow',
        'SellCreateTicket',
        'SellPublishShow',
      ],
    ]);
  });

  it.each(tabs)('is valid against the contract: tab %#', ({ query }) => {
    expect(validate(schema, parse(query))).toEqual([]);
  });

  it.each(tabs)('has values for all the variables it declares: tab %#', ({ query, variables = {} }) => {
    const problems = operationsOf(parse(query)).flatMap(
      ({ variableDefinitions = [] }) =>
        getVariableValues(schema, variableDefinitions, variables).errors ?? [],
    );

    expect(problems).toEqual([]);
  });

  it('starts with a tab without variables, because GraphiQL leaves those of the first tab empty', () => {
    expect(tabs[0]?.variables).toBeUndefined();
  });

  it('signs in as the demo producer', () => {
    const { email, password } = DEMO_USER;

    expect(tabs.at(-1)?.variables).toMatchObject({ signIn: { email, password } });
  });

  it('proposes a show that lies ahead', () => {
    expect(tabs.at(-1)?.variables).toMatchObject({ show: { startsAt: '2026-03-31T19:00:00.000Z' } });
  });
});
