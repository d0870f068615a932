import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { uniqueEmail } from '../support/fixtures.js';
import { expectError, graphql } from '../support/graphql-client.js';
import { metric } from '../support/metrics.js';
import { OPERATIONS } from '../support/operations.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld({ redis: false, env: { WORKER: 'off' } });
});
afterAll(() => world.close());

// What unknown addresses are compared with was made when the first one came: that took twice as long as a wrong password.
it('takes a fresh process the work of one wrong password, as every later one does', async () => {
  const hashes = () => metric(world.server, 'boxoffice_password_hashes_total');
  for (let time = 1; time <= 3; time += 1) {
    const input = { email: uniqueEmail(), password: 'a guess' };
    expectError(await graphql(world.server, OPERATIONS['Mutation.signIn'], { input }), 'UNAUTHENTICATED');
    expect(await hashes()).toBe(time);
  }
});
