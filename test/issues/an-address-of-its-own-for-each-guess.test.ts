import { afterAll, beforeAll, it } from '@jest/globals';
import { PASSWORD, signUp, uniqueEmail } from '../support/fixtures.js';
import { expectData, expectError, graphql } from '../support/graphql-client.js';
import { OPERATIONS } from '../support/operations.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  const env = { WORKER: 'off', RATE_LIMITS: 'on', TRUSTED_PROXIES: '1' };
  world = await startWorld({ redis: false, env });
});
afterAll(() => world.close());

// Whoever has one IPv6 address has 2^64 of them, and each was counted by itself; so was each port that a proxy named.
it.each([
  [
    'IPv6 addresses of one network',
    (time: number) => `2001:db8:5:5:${time.toString(16)}::1`,
    '2001:db8:5:6::1',
  ],
  ['ports of one IPv4 address', (time: number) => `192.0.2.7:${40_000 + time}`, '192.0.2.8:40000'],
])('%s are counted together', async (_what, address, elsewhere) => {
  const { email } = await signUp(world.server);
  const trySignUp = (from: string, to: string) => {
    const headers = { 'x-forwarded-for': from };
    return graphql(
      world.server,
      OPERATIONS['Mutation.signUp'],
      { input: { email: to, password: PASSWORD } },
      { headers },
    );
  };
  // Nine guesses more are allowed at one account, so it takes two.
  const other = await signUp(world.server);
  for (let time = 0; time < 10; time += 1) {
    expectError(await trySignUp(address(time), time < 5 ? email : other.email), 'CONFLICT');
  }
  expectError(await trySignUp(address(10), uniqueEmail()), 'RATE_LIMITED');
  expectData(await trySignUp(elsewhere, uniqueEmail()));
});
