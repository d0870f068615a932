import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, type PublishedShow, signUp, tryPurchase, uniqueEmail } from '../support/fixtures.js';
import { expectData, expectError, type GraphQLAnswer, graphql } from '../support/graphql-client.js';
import { metric } from '../support/metrics.js';
import { OPERATIONS } from '../support/operations.js';
import { hasRedis } from '../support/run.js';
import type { TestServer } from '../support/server.js';
import { subscribe } from '../support/websocket-client.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
let show: PublishedShow;
beforeAll(async () => {
  world = await startWorld({
    servers: hasRedis ? 2 : 1,
    env: { WORKER: 'off', RATE_LIMITS: 'on', TRUSTED_PROXIES: '1' },
  });
  ({ show } = await world.sell({ tickets: [{ quantity: 1_000 }] }));
});
afterAll(() => world.close());

/** A client behind the one proxy that is trusted. */
const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });
let addresses = 0;
const newAddress = () => {
  addresses += 1;
  return `198.51.${addresses >> 8}.${addresses & 0xff}`;
};
/** Each process in turn: they count together. */
const serverOf = (time: number) => world.servers[time % world.servers.length]!;

function limited(answer: GraphQLAnswer<unknown>, mostMs = 60_000): void {
  const { extensions, message } = expectError(answer, 'RATE_LIMITED');
  expect(message).toBe('Too many attempts; try again later');
  const retryAfterMs = Number(extensions?.retryAfterMs);
  expect(retryAfterMs).toBeGreaterThan(0);
  expect(retryAfterMs).toBeLessThanOrEqual(mostMs);
}

async function times<Result>(count: number, one: (time: number) => Promise<Result>): Promise<Result[]> {
  return Promise.all(Array.from({ length: count }, (_, time) => one(time)));
}

describe('guessing', () => {
  const trySignIn = (server: TestServer, email: string, password: string, address = newAddress()) =>
    graphql(server, OPERATIONS['Mutation.signIn'], { input: { email, password } }, from(address));

  it('is slowed down per account, wherever it comes from and however the address is written', async () => {
    const { email } = await signUp(world.server);
    // One of the ten was the sign-up itself.
    const answers = await times(9, (time) =>
      trySignIn(serverOf(time), time % 2 === 0 ? email : email.toUpperCase(), 'a wrong guess'),
    );
    for (const answer of answers) expectError(answer, 'UNAUTHENTICATED');
    limited(await trySignIn(world.server, email, PASSWORD));
    limited(await trySignIn(serverOf(1), email, PASSWORD));
    const other = await signUp(world.server);
    expectData(await trySignIn(world.server, other.email, PASSWORD));
  });

  it('cannot go on through signing up', async () => {
    const { email } = await signUp(world.server);
    const input = { email, password: 'another password' };
    const again = (time: number) =>
      graphql(serverOf(time), OPERATIONS['Mutation.signUp'], { input }, from(newAddress()));
    for (const answer of await times(9, again)) expectError(answer, 'CONFLICT');
    limited(await again(0));
    limited(await trySignIn(world.server, email, PASSWORD));
  });

  it('who has an account is answered ten times an hour', async () => {
    const accounts = await times(11, () => signUp(world.server));
    const [network, elsewhere] = ['2001:db8:0:1', '2001:db8:0:2'];
    const trySignUp = (email: string, address: string) => {
      const input = { email, password: PASSWORD };
      return graphql(world.server, OPERATIONS['Mutation.signUp'], { input }, from(address));
    };
    const taken = await times(10, (time) => trySignUp(accounts[time]!.email, `${network}::${time + 1}`));
    for (const answer of taken) expectError(answer, 'CONFLICT');
    limited(await trySignUp(accounts[10]!.email, `${network}::abcd`), 3_600_000);
    limited(await trySignUp(uniqueEmail(), `${network}:1:2:3:4`), 3_600_000);
    expectData(await trySignUp(uniqueEmail(), `${elsewhere}::1`));
  });

  it('what a refresh token is good for is slowed down too', async () => {
    const refreshToken = randomUUID();
    const tryIt = (time: number) =>
      graphql(serverOf(time), OPERATIONS['Mutation.refreshSession'], { refreshToken }, from(newAddress()));
    for (const answer of await times(10, tryIt)) expectError(answer, 'UNAUTHENTICATED');
    limited(await tryIt(0));
  });
});

describe('buying', () => {
  const cart = () => ({ showId: show.id, items: [{ ticketId: show.tickets[0]!.id, quantity: 1 }] });

  it('is limited per buyer who is not signed in by the e-mail address, over HTTP and WebSocket alike', async () => {
    const email = uniqueEmail('Eager');
    const bought = await times(60, (time) => tryPurchase(serverOf(time), { ...cart(), email }));
    for (const answer of bought) expectData(answer);
    limited(await tryPurchase(world.server, { ...cart(), email: email.toLowerCase() }));
    const input = { ...cart(), email };
    const overSocket = subscribe(serverOf(1), OPERATIONS['Mutation.purchaseTickets'], { input });
    const { errors } = await overSocket.nextMessage();
    expect(errors).toMatchObject([
      { extensions: { code: 'RATE_LIMITED', retryAfterMs: expect.any(Number) } },
    ]);
    await overSocket.close();
    expectData(await tryPurchase(world.server, cart()));
    expect(
      await metric(world.server, 'boxoffice_rate_limited_total', { limit: 'purchase:buyer' }),
    ).toBeGreaterThan(0);
  });

  it('and asking Stripe about one Checkout Session are limited', async () => {
    const tryIt = (time: number) =>
      graphql(serverOf(time), OPERATIONS['Mutation.completeCheckout'], { sessionId: 'cs_test_guessed' });
    for (const answer of await times(60, tryIt)) expectError(answer, 'NOT_FOUND');
    limited(await tryIt(0));
  });
});

describe('anything that one address asks for', () => {
  let server: TestServer;
  const MOST = 25;
  beforeAll(async () => {
    server = await world.addServer({ env: { RATE_LIMIT_OPERATIONS: String(MOST) } });
  });
  const ask = (address: string, headers: Record<string, string> = {}) =>
    graphql(server, '{ viewer { id } }', {}, { headers: { ...from(address).headers, ...headers } });

  it('is refused beyond a limit by HTTP status 429, whatever the answer would have cost', async () => {
    const address = newAddress();
    for (const answer of await times(MOST, () => ask(address))) expectData(answer);
    const refused = await ask(address);
    limited(refused);
    expect(refused.status).toBe(429);
    const { headers } = refused;
    expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(60);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(headers.get('cache-control')).toBe('private, no-store');
    const accept = 'application/graphql-response+json';
    expect((await ask(address, { accept })).headers.get('content-type')).toBe(`${accept}; charset=utf-8`);
    expectData(await ask(newAddress()));
    // What stands before the trusted proxy's word is the client's own, and counts for nothing.
    limited(await ask(`${newAddress()}, ${address}`));
    expect((await fetch(`${server.url}/health/ready`, from(address))).status).toBe(200);
  });

  it('is counted together over HTTP and WebSocket, and refused there as an operation', async () => {
    const [near, far] = ['2001:db8:7:7::1', '2001:db8:7:7:8000::2'];
    const overSocket = () => subscribe(server, '{ viewer { id } }', {}, from(far));
    await times(MOST - 1, () => ask(near));
    const last = overSocket();
    expect(await last.next()).toEqual({ viewer: null });
    await last.close();
    const refused = overSocket();
    expect(await refused.ended()).toMatchObject([
      {
        message: 'Too many attempts; try again later',
        extensions: { code: 'RATE_LIMITED', retryAfterMs: expect.any(Number) },
      },
    ]);
    await refused.close();
    limited(await ask(near));
  });

  it('is of the socket itself where no proxy is trusted, whatever a header says', async () => {
    const direct = await world.addServer({ env: { RATE_LIMIT_OPERATIONS: '5', TRUSTED_PROXIES: '0' } });
    const tryIt = () => graphql(direct, '{ viewer { id } }', {}, from(newAddress()));
    for (const answer of await times(5, tryIt)) expectData(answer);
    limited(await tryIt());
  });
});

(hasRedis ? describe : describe.skip)('when Redis cannot be asked', () => {
  it.each(['hangs', 'is gone'])('%s: each process counts for itself, and sells', async (how) => {
    if (how === 'hangs') world.redis!.signal('SIGSTOP');
    else await world.redis!.kill();
    const email = uniqueEmail();
    const input = { showId: show.id, items: [{ ticketId: show.tickets[0]!.id, quantity: 1 }], email };
    const bought = await times(60, () => tryPurchase(world.server, input));
    for (const answer of bought) expectData(answer);
    limited(await tryPurchase(world.server, input));
    expectData(await tryPurchase(serverOf(1), input));
    if (how === 'hangs') world.redis!.signal('SIGCONT');
  });
});
