import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  createProducer,
  type PublishedShow,
  type Purchase,
  signUp,
  uniqueEmail,
} from '../support/fixtures.js';
import {
  type GraphQLAnswer,
  type GraphQLFailure,
  graphql,
  type Variables,
} from '../support/graphql-client.js';
import { send } from '../support/http.js';
import { operate } from '../support/operate.js';
import { OPERATIONS, type OperationName } from '../support/operations.js';
import { mailsAbout, settlesAs } from '../support/order-life.js';
import { sessionIn } from '../support/stripe.js';
import { bodyOf, postWebhook, signature } from '../support/webhooks.js';
import { subscribe } from '../support/websocket-client.js';
import { startWorld, type World } from '../support/world.js';

const JWT_SECRET = `jwt-${randomBytes(24).toString('hex')}`;
const PASSWORD = `password-${randomUUID()}`;
const WRONG_PASSWORD = `wrong-${randomUUID()}`;
const NAME = `Person${randomBytes(8).toString('hex')}`;
const EMAIL = uniqueEmail('someone');
const GUEST = uniqueEmail('guest');
const CARD = '4242424242424242';

/** By what it is, so that what was found says so. */
const secrets = new Map<string, string>();
const errors: GraphQLFailure[] = [];

let world: World;
let show: PublishedShow;
let metrics: string;
beforeAll(async () => {
  world = await startWorld({ env: { LOG_LEVEL: 'debug', JWT_SECRET } });
  const { stripe } = world;
  keep({ JWT_SECRET, PASSWORD, WRONG_PASSWORD, CARD });
  keep({ stripeKey: stripe.access.secretKey });
  keep({ webhook: stripe.access.webhookSecret, connect: stripe.access.connectWebhookSecret });
  ({ show } = await world.sell({ tickets: [{ quantity: 100 }, { price: 2_000, quantity: 100 }] }));
  await accounts();
  await orders();
  await webhooks();
  await failures();
  await strangeRequests();
  metrics = (await send(world.server, '/metrics')).text;
  // Everything that was said has been written by then.
  await world.server.waitForLog(({ msg }) => msg === 'An operation was answered');
  await delay(100);
});
afterAll(() => world.close());

function keep(named: Readonly<Record<string, string>>): void {
  for (const [name, secret] of Object.entries(named)) secrets.set(name, secret);
}

async function ask<Data = Record<string, Record<string, unknown>>>(
  document: string,
  variables: Variables,
  options: Parameters<typeof graphql>[3] = {},
): Promise<GraphQLAnswer<Data>> {
  const answer = await graphql<Data>(world.server, document, variables, options);
  errors.push(...answer.errors);
  return answer;
}
const act = (name: OperationName, variables: Variables, token?: string) =>
  ask(OPERATIONS[name], variables, { token });

/** The whole life of an account, and all that is refused of it. */
async function accounts(): Promise<void> {
  const account = await signUp(world.server, { email: EMAIL, password: PASSWORD, name: NAME });
  keep({ accessToken: account.token, refreshToken: account.refreshToken });
  await act('Mutation.signUp', { input: { email: EMAIL, password: PASSWORD } });
  await act('Mutation.signIn', { input: { email: EMAIL, password: WRONG_PASSWORD } });
  await act('Mutation.signIn', { input: { email: EMAIL, password: PASSWORD } });
  for (const time of [1, 2]) {
    const { data } = await act('Mutation.refreshSession', { refreshToken: account.refreshToken });
    if (time === 1) keep({ successor: String(data!.refreshSession!.refreshToken) });
  }
  await ask('{ viewer { id } }', {}, { token: `${account.token}x` });
  await act('Query.viewer', {}, account.refreshToken);
  await createProducer(world.server, account.token);
  const socket = subscribe(world.server, '{ viewer { id } }', {}, { token: `${account.token}x` });
  await socket.ended();
  await socket.close();
}

async function buy(index: number, variables: Variables = {}, token?: string): Promise<Purchase | undefined> {
  const items = [{ ticketId: show.tickets[index]!.id, quantity: 1 }];
  const input = { showId: show.id, items, email: GUEST, name: NAME, ...variables };
  const { data } = await act('Mutation.purchaseTickets', { input }, token);
  const bought = data?.purchaseTickets as unknown as Purchase | undefined;
  if (bought) keep({ [`order ${bought.order.id}`]: bought.accessToken });
  return bought;
}

async function orders(): Promise<void> {
  const key = `key-${randomUUID()}`;
  keep({ key });
  const free = await buy(0, { idempotencyKey: key });
  await buy(0, { idempotencyKey: key, name: 'Another' });
  await mailsAbout(world, free!.order.id, 'confirmation');
  const paid = await buy(1);
  const sessionId = sessionIn(paid!.checkoutUrl);
  await fetch(paid!.checkoutUrl!);
  await world.stripe.decline(sessionId);
  await world.stripe.pay(sessionId);
  await act('Mutation.completeCheckout', { sessionId });
  await settlesAs(world, paid!.order.id, 'CONFIRMED', 'PAID');
  await send(world.server, `/checkout/success?session_id=${sessionId}`);
  const { id } = paid!.order;
  await act('Query.order', { id, accessToken: paid!.accessToken });
  await act('Query.order', { id, accessToken: `${paid!.accessToken.slice(1)}x` });
  await act('Mutation.cancelOrder', { id, accessToken: paid!.accessToken });
  const watching = { id, accessToken: paid!.accessToken };
  await operate(world.server, 'Subscription.orderUpdated', watching);
  const cancelled = await buy(1);
  await act('Mutation.cancelOrder', { id: cancelled!.order.id, accessToken: cancelled!.accessToken });
}

async function webhooks(): Promise<void> {
  const event = (await world.stripe.events()).at(-1)!;
  const body = bodyOf(event);
  await postWebhook(world.server, body, 't=1,v1=forged');
  await postWebhook(world.server, body, signature(body, 'whsec_somebody_elses'));
  await postWebhook(world.server, `${body} `, signature(body, world.stripe.access.webhookSecret));
}

/** What goes wrong inside is logged with all its causes: statements, and what Stripe was asked. */
async function failures(): Promise<void> {
  const { pool } = world.database;
  await pool.query(
    "create function fail() returns trigger language plpgsql as $$ begin raise exception 'full'; end $$",
  );
  for (const table of ['app_user', 'refresh_token', 'orders', 'attendee']) {
    await pool.query(
      `create trigger fail before insert or update on ${table} for each row execute function fail()`,
    );
    await act('Mutation.signUp', {
      input: { email: uniqueEmail('someone'), password: PASSWORD, name: NAME },
    });
    await act('Mutation.signIn', { input: { email: EMAIL, password: PASSWORD } });
    await buy(0, { idempotencyKey: `key-${randomUUID()}` });
    await pool.query(`drop trigger fail on ${table}`);
  }
  await pool.query('drop function fail');
  for (const status of [400, 401, 500] as const) {
    await world.stripe.faults.add({ kind: 'error', status, match: { method: 'POST' } });
    await buy(1);
    await world.stripe.faults.clear();
  }
}

/** Secrets where none is looked for, as people paste them. */
async function strangeRequests(): Promise<void> {
  const inline = (password: string) =>
    `mutation { signIn(input: { email: "${EMAIL}", password: ${password} }) { user { id } } }`;
  await ask(inline(`"${PASSWORD}", nope: 1`), {});
  await ask(inline(`"${PASSWORD}" {`), {});
  await ask(inline(`"${PASSWORD}`), {});
  await ask(inline(`["${PASSWORD}"]`), {});
  const signIn = OPERATIONS['Mutation.signIn'];
  await ask(signIn, { input: { email: EMAIL, password: PASSWORD, nope: 1 } });
  await ask(signIn, { input: { email: EMAIL, password: { is: PASSWORD } } });
  await ask(signIn, { input: { email: EMAIL, password: [PASSWORD] } });
  await ask(signIn, { input: [PASSWORD, 1] });
  await ask(signIn, { input: PASSWORD });
  await ask(OPERATIONS['Mutation.refreshSession'], { refreshToken: { token: secrets.get('successor') } });
  await ask(signIn, { input: { email: PASSWORD, password: PASSWORD } });
  await ask(OPERATIONS['Query.order'], { id: secrets.get('accessToken') });
  await send(world.server, `/${PASSWORD}`, { method: 'PUT' });
}

function found(text: string): string[] {
  return [...secrets].filter(([, secret]) => text.includes(secret)).map(([name]) => name);
}

describe('the log of everything above, at debug', () => {
  it('has been written at all', () => {
    expect(world.server.logs().filter(({ level }) => level === 'error').length).toBeGreaterThan(5);
    expect(world.server.logs().filter(({ level }) => level === 'debug').length).toBeGreaterThan(30);
    expect(secrets.size).toBeGreaterThan(15);
  });

  it('has no secret in it', () => {
    for (const line of world.server.lines())
      expect({ line, found: found(line) }).toEqual({ line, found: [] });
  });

  it('has nothing in it that a password or a session could be found by', () => {
    for (const line of world.server.lines())
      expect(line).not.toMatch(/\$argon2|Bearer |eyJ[\w-]+\.|password_hash.*\$/);
  });

  it('names nobody: what is erased would still be known there', () => {
    for (const line of world.server.lines()) {
      for (const personal of [EMAIL, GUEST, NAME]) expect(line).not.toContain(personal);
    }
  });
});

describe('the metrics', () => {
  it('have no secret in them, and name nobody', () => {
    expect(metrics).toContain('boxoffice_purchases_total');
    expect(found(metrics)).toEqual([]);
    expect(metrics).not.toMatch(/@|[0-9a-f]{8}-[0-9a-f]{4}-/);
  });
});

describe('errors that are answered', () => {
  it('have no secret in them, not even the one that was sent', () => {
    expect(errors.length).toBeGreaterThan(20);
    for (const error of errors) {
      // So that its buyer can ask for the page again; see createCheckout.
      const { accessToken: _, ...extensions } = error.extensions ?? {};
      const text = JSON.stringify({ ...error, extensions });
      expect({ text, found: found(text) }).toEqual({ text, found: [] });
    }
  });
});
