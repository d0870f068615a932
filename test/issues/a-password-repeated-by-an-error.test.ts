import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { graphql } from '../support/graphql-client.js';
import { OPERATIONS } from '../support/operations.js';
import { subscribe } from '../support/websocket-client.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld({ redis: false, env: { WORKER: 'off' } });
});
afterAll(() => world.close());

const PASSWORD = 'correct-horse-battery';
const signIn = OPERATIONS['Mutation.signIn'];

// graphql repeats what was wrong, and an input that is wrong in one place as a whole: its password stood in the error.
it.each([
  [
    { input: { email: 'a@b.example', password: PASSWORD, remember: true } },
    /Field "remember" is not defined/,
  ],
  [
    { input: { email: 'a@b.example', password: [PASSWORD] } },
    /at "input\.password"; String cannot represent/,
  ],
  [{ input: PASSWORD }, /Expected type "SignInInput" to be an object/],
])('an error says where the mistake is and not what was sent: %j', async (variables, reason) => {
  const overHttp = await graphql(world.server, signIn, variables);
  const socket = subscribe(world.server, signIn, variables);
  const overSocket = (await socket.nextMessage()).errors;
  await socket.close();
  for (const errors of [overHttp.errors, overSocket]) {
    expect(errors).toMatchObject([
      { message: expect.stringMatching(reason), extensions: { code: 'BAD_USER_INPUT' } },
    ]);
    expect(JSON.stringify(errors)).not.toContain(PASSWORD);
  }
});
