import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { buildSchema, type GraphQLSchema } from 'graphql';
import { graphql } from '../support/graphql-client.js';
import { differences } from '../support/schema-containment.js';
import { startWorld } from '../support/world.js';

const run = promisify(execFile);
const EMIT = resolve('dist/src/graphql/emit-schema.js');
const contractText = readFileSync('test/contract.graphql', 'utf8');
const contract = buildSchema(contractText);
const schemaText = readFileSync('schema.graphql', 'utf8');

describe('schema.graphql', () => {
  it('is what the code says', async () => {
    await expect(run(process.execPath, [EMIT, '--check'])).resolves.toMatchObject({ stderr: '' });
  });

  it('is found out by that check when it is not', async () => {
    const directory = mkdtempSync(join(process.env.TEST_DIRECTORY ?? tmpdir(), 'schema-'));
    writeFileSync(join(directory, 'schema.graphql'), schemaText.replace('viewer: User', 'viewer: User!'));
    await expect(run(process.execPath, [EMIT, '--check'], { cwd: directory })).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('schema.graphql is not what the code says'),
    });
  });

  it('contains everything that clients rely on', () => {
    expect(differences(contract, buildSchema(schemaText))).toEqual([]);
  });

  it('is what the running server answers with when it is asked', async () => {
    const world = await startWorld({ env: { WORKER: 'off' } });
    try {
      const answer = await graphql<{ __schema: { types: Array<{ name: string }> } }>(
        world.server,
        '{ __schema { types { name } } }',
      );
      const named = (schema: GraphQLSchema) => Object.keys(schema.getTypeMap()).sort();
      expect(answer.data!.__schema.types.map(({ name }) => name).sort()).toEqual(
        named(buildSchema(schemaText)),
      );
    } finally {
      await world.close();
    }
  });
});

/** The contract with one thing changed; the text must be in it, so that no example here is idle. */
function changed(from: string | RegExp, to: string): GraphQLSchema {
  const text = contractText.replace(from, to);
  if (text === contractText) throw new Error(`The contract has no ${from}`);
  return buildSchema(text);
}

describe('the comparison with the contract', () => {
  it('finds nothing in the contract itself', () => {
    expect(differences(contract, contract)).toEqual([]);
  });

  it('finds a renamed type, and what answers with it', () => {
    expect(differences(contract, changed(/StripeOnboarding/g, 'Onboarding')).sort()).toEqual([
      'Mutation.connectStripeAccount answers with Onboarding! where StripeOnboarding! is expected',
      'StripeOnboarding is missing',
    ]);
  });

  it.each([
    [
      'a removed field',
      /"True once.*\n.*canAcceptPayments: Boolean!/,
      '',
      'Producer.canAcceptPayments is missing',
    ],
    ['a removed operation', 'viewer: User\n', '', 'Query.viewer is missing'],
    [
      'a removed argument',
      '(id: ID!, accessToken: String): Order\n',
      '(id: ID!): Order\n',
      'Query.order.accessToken is missing',
    ],
    ['a removed input field', '  search: String\n', '', 'ShowFilter.search is missing'],
    ['a removed enum value', 'ON_SALE SOLD_OUT', 'ON_SALE', 'TicketStatus.SOLD_OUT is missing'],
    [
      'a loosened field',
      'amount: Int!',
      'amount: Int',
      'Money.amount answers with Int where Int! is expected',
    ],
    [
      'a loosened list',
      'tickets: [Ticket!]!',
      'tickets: [Ticket!]',
      'Show.tickets answers with [Ticket!] where [Ticket!]! is expected',
    ],
    [
      'a loosened member of a list',
      'tickets: [Ticket!]!',
      'tickets: [Ticket]!',
      'Show.tickets answers with [Ticket]! where [Ticket!]! is expected',
    ],
    [
      'another output type',
      'available: Int!',
      'available: Float!',
      'Ticket.available answers with Float! where Int! is expected',
    ],
    [
      'one in the place of a list',
      'lines: [OrderLine!]!',
      'lines: OrderLine!',
      'Order.lines answers with OrderLine! where [OrderLine!]! is expected',
    ],
    [
      'a tightened argument',
      'accessToken: String): Order\n',
      'accessToken: String!): Order\n',
      'Query.order.accessToken takes String! where String is sent',
    ],
    [
      'a tightened input field',
      'expectedUnitPrice: Int',
      'expectedUnitPrice: Int!',
      'TicketSelectionInput.expectedUnitPrice takes Int! where Int is sent',
    ],
    [
      'another input type',
      'showId: ID!\n  items',
      'showId: Int!\n  items',
      'PurchaseTicketsInput.showId takes Int! where ID! is sent',
    ],
    [
      'a new required argument',
      'viewer: User',
      'viewer(locale: String!): User',
      'Query.viewer.locale is new and required',
    ],
    [
      'a new required input field',
      '  search: String',
      '  search: String\n  locale: String!',
      'ShowFilter.locale is new and required',
    ],
    [
      'another default',
      'shows(first: Int = 20',
      'shows(first: Int = 10',
      'Query.shows.first is 10 where it is left out, not 20',
    ],
    [
      'a default that is gone',
      'maxPerOrder: Int! = 10',
      'maxPerOrder: Int!',
      'CreateTicketInput.maxPerOrder is undefined where it is left out, not 10',
    ],
    [
      'another kind of type',
      'enum AttendeeStatus { VALID REVOKED }',
      'scalar AttendeeStatus',
      'AttendeeStatus is another kind of type',
    ],
  ])('finds %s', (_what, from, to, difference) => {
    expect(differences(contract, changed(from, to))).toEqual([difference]);
  });

  it.each([
    ['a new field', 'amount: Int!', 'amount: Int! formatted: String'],
    ['a new enum value', 'VALID REVOKED', 'VALID REVOKED USED'],
    ['a new optional argument', 'viewer: User', 'viewer(locale: String, short: Boolean! = true): User'],
    ['a new optional input field', '  search: String', '  search: String\n  locale: String'],
    ['a tightened field', 'venue: String\n', 'venue: String!\n'],
    ['a loosened argument', 'inventoryChanged(showId: ID!)', 'inventoryChanged(showId: ID)'],
    ['another order', '(id: ID!, accessToken: String): Order\n', '(accessToken: String, id: ID!): Order\n'],
  ])('allows %s', (_what, from, to) => {
    expect(differences(contract, changed(from, to))).toEqual([]);
  });
});
