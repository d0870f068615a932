import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { signUp } from '../support/fixtures.js';
import { graphql } from '../support/graphql-client.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const REFRESH = 'mutation ($token: String!) { refreshSession(refreshToken: $token) { refreshToken } }';

async function refresh(token: string): Promise<string | undefined> {
  const answer = await graphql<{ refreshSession: { refreshToken: string } }>(world.server, REFRESH, {
    token,
  });
  return answer.data?.refreshSession?.refreshToken;
}

describe('a refresh token used again while its successor is being exchanged', () => {
  it('ends the whole family, the newest token included', async () => {
    const survivors: string[] = [];
    for (let times = 0; times < 40; times += 1) {
      const { refreshToken: stolen } = await signUp(world.server);
      const successor = await refresh(stolen);
      const [, newest] = await Promise.all([refresh(stolen), refresh(successor ?? '')]);
      if (newest !== undefined && (await refresh(newest)) !== undefined) survivors.push(newest);
    }
    expect(survivors).toEqual([]);
  });
});
