import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type Account,
  availability,
  PASSWORD,
  type PublishedShow,
  purchase,
  signUp,
  tryPurchase,
  uniqueEmail,
} from '../support/fixtures.js';
import { expectError, graphql } from '../support/graphql-client.js';
import { send } from '../support/http.js';
import { OPERATIONS } from '../support/operations.js';
import { traces } from '../support/row-counts.js';
import { sessionIn } from '../support/stripe.js';
import { subscribe } from '../support/websocket-client.js';
import { startWorld, type World } from '../support/world.js';

const SECRET = 'the secret of the database';

let world: World;
let seller: Account;
let show: PublishedShow;
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off', LOG_LEVEL: 'trace' } });
  ({ seller, show } = await world.sell({ tickets: [{ quantity: 50 }, { price: 700, quantity: 50 }] }));
});
afterEach(() => world.database.pool.query('drop function if exists fail() cascade'));
afterAll(() => world.close());

/** From now on every change of this kind fails inside PostgreSQL. */
async function breakTable(table: string, change: 'insert' | 'update'): Promise<void> {
  await world.database.pool.query(`
    create function fail() returns trigger language plpgsql as $$ begin raise exception '${SECRET}'; end $$;
    create trigger fail before ${change} on ${table} for each row execute function fail();`);
}

describe('a failure inside the server', () => {
  it.each([
    ['orders', 'insert'],
    ['order_line', 'insert'],
    ['attendee', 'insert'],
    ['ticket', 'update'],
  ] as const)(
    'of the table %s (%s) is masked, logged under its request id, and leaves nothing',
    async (table, change) => {
      const before = await traces(world);
      await breakTable(table, change);
      const requestId = randomUUID();
      const items = [{ ticketId: show.tickets[0]!.id, quantity: 2 }];
      const answer = await tryPurchase(
        world.server,
        { showId: show.id, items },
        { headers: { 'x-request-id': requestId } },
      );
      expect(answer.headers.get('x-request-id')).toBe(requestId);
      expect(answer.errors).toEqual([
        {
          message: 'Internal server error',
          path: ['purchaseTickets'],
          extensions: { code: 'INTERNAL_SERVER_ERROR', requestId },
        },
      ]);
      expect(answer.data ?? null).toBeNull();
      const entry = await world.server.waitForLog(
        (one) => one.requestId === requestId && one.level === 'error',
      );
      expect(JSON.stringify(entry.err)).toContain(SECRET);
      expect(await traces(world)).toEqual(before);
    },
  );

  it('is followed by purchases that succeed: no lock and no connection is left behind', async () => {
    await breakTable('orders', 'insert');
    const items = [{ ticketId: show.tickets[0]!.id, quantity: 1 }];
    const failures = Array.from({ length: 40 }, () => tryPurchase(world.server, { showId: show.id, items }));
    for (const answer of await Promise.all(failures)) expectError(answer, 'INTERNAL_SERVER_ERROR');
    await world.database.pool.query('drop function fail() cascade');
    const before = await availability(world.server, show.id);
    await purchase(world.server, { showId: show.id, items });
    expect(await availability(world.server, show.id)).toEqual({
      ...before,
      [items[0]!.ticketId]: before[items[0]!.ticketId]! - 1,
    });
  });

  it('is masked over a WebSocket as well', async () => {
    await breakTable('producer', 'insert');
    const document = 'mutation ($input: CreateProducerInput!) { createProducer(input: $input) { id } }';
    const subscription = subscribe(
      world.server,
      document,
      { input: { name: 'A Producer' } },
      { token: seller.token },
    );
    const { errors } = await subscription.nextMessage();
    await subscription.close();
    expect(errors).toEqual([
      {
        message: 'Internal server error',
        path: ['createProducer'],
        extensions: { code: 'INTERNAL_SERVER_ERROR', requestId: expect.any(String) },
      },
    ]);
    const { requestId } = errors[0]!.extensions!;
    const entry = await world.server.waitForLog(
      (one) => one.requestId === requestId && one.level === 'error',
    );
    expect(JSON.stringify(entry.err)).toContain(SECRET);
  });

  it('is masked on the page that buyers come back to', async () => {
    const items = [{ ticketId: show.tickets[1]!.id, quantity: 1 }];
    const bought = await purchase(world.server, { showId: show.id, items });
    const sessionId = sessionIn(bought.checkoutUrl);
    await world.stripe.webhooks.pause();
    await world.stripe.pay(sessionId);
    await breakTable('attendee', 'insert');
    const answer = await send(world.server, `/checkout/success?session_id=${sessionId}`);
    expect(answer.status).toBe(500);
    expect(answer.text).not.toMatch(new RegExp(`${SECRET}|node_modules|at .*:\\d+`));
    await world.database.pool.query('drop function fail() cascade');
    await world.stripe.webhooks.resume();
    await world.stripe.webhooks.idle();
    expect((await send(world.server, `/checkout/success?session_id=${sessionId}`)).text).toContain(
      'confirmed',
    );
  });

  it('has a request id of the server where the client gave none, or one that could forge log lines', async () => {
    for (const given of [undefined, 'short', 'x'.repeat(200), 'with space in it', '{"level":"error"}']) {
      const headers: Record<string, string> = given === undefined ? {} : { 'x-request-id': given };
      const answer = await graphql(world.server, '{ viewer { id } }', {}, { headers });
      expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    }
  });
});

describe('an answer', () => {
  it('never carries a stack trace or a path of the server', async () => {
    const token = 'not-a-token';
    const answers = [
      await graphql(world.server, '{ nothing }'),
      await graphql(world.server, '{'),
      await graphql(world.server, '{ viewer { id } }', {}, { token }),
      await graphql(world.server, OPERATIONS['Query.show'], { id: '-1' }),
      await graphql(world.server, OPERATIONS['Query.show'], { id: {} }),
      await graphql(world.server, OPERATIONS['Mutation.createProducer'], { input: { name: 'X' } }),
      await graphql(world.server, OPERATIONS['Mutation.signIn'], { input: { email: 'x', password: 'y' } }),
    ];
    for (const answer of answers) {
      expect(answer.errors).toHaveLength(1);
      expect(JSON.stringify(answer.errors)).not.toMatch(/stack|node_modules|\/src\/|\/dist\/|\.js:\d/);
    }
  });
});

describe('the log, at its most talkative', () => {
  it('has no password, no token and no key of anybody', async () => {
    const email = uniqueEmail();
    const password = `secret-${randomUUID()}`;
    const account = await signUp(world.server, { email, password });
    const wrong = `wrong-${randomUUID()}`;
    for (const attempt of [password, wrong]) {
      const input = { email, password: attempt };
      await graphql(world.server, OPERATIONS['Mutation.signIn'], { input }, { token: account.token });
    }
    const query = `mutation { signIn(input: { email: "${email}", password: "${password}" }) { accessToken nothing } }`;
    await graphql(world.server, query);
    await graphql(world.server, OPERATIONS['Mutation.refreshSession'], {
      refreshToken: account.refreshToken,
    });
    await graphql(world.server, OPERATIONS['Mutation.refreshSession'], {
      refreshToken: account.refreshToken,
    });
    await graphql(world.server, OPERATIONS['Mutation.signUp'], { input: { email, password } });
    await breakTable('refresh_token', 'insert');
    await graphql(world.server, OPERATIONS['Mutation.signIn'], { input: { email, password } });
    const items = [{ ticketId: show.tickets[1]!.id, quantity: 1 }];
    const bought = await purchase(world.server, { showId: show.id, items }, { token: account.token });
    await breakOrders();
    const sign = randomUUID();
    await tryPurchase(world.server, { showId: show.id, items }, { headers: { 'x-request-id': sign } });
    await world.server.waitForLog((one) => one.requestId === sign && one.level === 'error');

    const { rows } = await world.database.pool.query(
      'select password_hash, token_hash from app_user, refresh_token where user_id = app_user.id and app_user.id = $1',
      [account.userId],
    );
    const log = JSON.stringify(world.server.logs());
    const secrets = [
      password,
      wrong,
      PASSWORD,
      account.token,
      account.refreshToken,
      bought.accessToken,
    ].concat(
      rows.flatMap((row) => [row.password_hash, row.token_hash]),
      [world.stripe.secretKey, world.stripe.access.webhookSecret],
    );
    for (const secret of secrets) expect(log.includes(secret)).toBe(false);
    expect(log).toContain(SECRET);
  });

  async function breakOrders(): Promise<void> {
    await world.database.pool.query('drop function fail() cascade');
    await breakTable('orders', 'insert');
  }
});
