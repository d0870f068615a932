import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { postBody } from '../support/http.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off' } });
});
afterAll(() => world.close());

// Apollo gives this error no code, and then calls it one of the server's.
it('a query under the hash of another is the mistake of its client, and no failure of the server', async () => {
  const extensions = { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } };
  const answer = await postBody(world.server, JSON.stringify({ query: '{ __typename }', extensions }));
  expect(answer.errors).toEqual([
    { message: 'provided sha does not match query', extensions: { code: 'BAD_USER_INPUT' } },
  ]);
});
