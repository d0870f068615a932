import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { PASSWORD, signUp, uniqueEmail } from '../support/fixtures.js';
import { expectData, graphql } from '../support/graphql-client.js';
import { metric } from '../support/metrics.js';
import { OPERATIONS } from '../support/operations.js';
import { hasRedis } from '../support/run.js';
import type { TestServer } from '../support/server.js';
import { startSqlTap } from '../support/sql-tap.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off', RATE_LIMITS: 'on', TRUSTED_PROXIES: '1' } });
});
afterAll(() => world.close());

function trySignUp(server: TestServer, email: string, address: string) {
  const input = { email, password: PASSWORD };
  const headers = { 'x-forwarded-for': address };
  return graphql(server, OPERATIONS['Mutation.signUp'], { input }, { headers });
}
const emails = (count: number) => Array.from({ length: count }, () => uniqueEmail());
const known = (count: number) =>
  Promise.all(emails(count).map(async (email) => (await signUp(world.server, { email })).email));
const codesOf = (answers: Awaited<ReturnType<typeof trySignUp>>[]) =>
  answers.map(({ errors }) => errors[0]?.extensions?.code);
const count = (codes: unknown[], code: string) => codes.filter((one) => one === code).length;

// What was left of ten answers an hour was looked at before the password was hashed, and counted after: 60 at once
// were told of 52 accounts.
describe('sign-ups that come at once from one address', () => {
  it('are told of ten accounts', async () => {
    const taken = await known(60);
    const answers = await Promise.all(taken.map((email) => trySignUp(world.server, email, '198.51.100.1')));
    const codes = codesOf(answers);
    expect([count(codes, 'CONFLICT'), count(codes, 'RATE_LIMITED')]).toEqual([10, 50]);
  });

  it('all succeed where nobody has an account, and a few who have one do not hinder them', async () => {
    const forgetful = await known(9);
    const answers = await Promise.all(
      [...emails(30), ...forgetful, ...emails(30)].map((email) =>
        trySignUp(world.server, email, '198.51.100.2'),
      ),
    );
    const codes = codesOf(answers);
    expect([count(codes, 'CONFLICT'), codes.filter((code) => code === undefined).length]).toEqual([9, 60]);
    expectData(await trySignUp(world.server, uniqueEmail(), '198.51.100.2'));
  });

  (hasRedis ? it : it.skip)('are refused alike where ten were told meanwhile, account or not', async () => {
    const tap = await startSqlTap(world.database.url);
    try {
      const slow = await world.addServer({ databaseUrl: tap.url });
      const taken = await known(11);
      const address = '198.51.100.3';
      const letThrough = tap.holdAnswers();
      const late = [taken[10]!, uniqueEmail()].map((email) => trySignUp(slow, email, address));
      await eventually('both were let in', async () => {
        const hashes = await metric(slow, 'boxoffice_password_hashes_total', { operation: 'hash' });
        return hashes === 2;
      });
      const told = await Promise.all(
        taken.slice(0, 10).map((email) => trySignUp(world.server, email, address)),
      );
      expect(codesOf(told)).toEqual(Array(10).fill('CONFLICT'));
      letThrough();
      const answers = await Promise.all(late);
      expect(codesOf(answers)).toEqual(['RATE_LIMITED', 'RATE_LIMITED']);
      expect(answers[0]!.errors[0]!.message).toBe(answers[1]!.errors[0]!.message);
    } finally {
      await tap.close();
    }
  });
});
