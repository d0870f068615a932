import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { signUp, uniqueEmail } from '../support/fixtures.js';
import { operatorCommand } from '../support/operators.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const listed = async () => (await operatorCommand(world, 'list')).output.trim().split('\n').filter(Boolean);

describe('the command that names operators', () => {
  it('grants, lists and revokes, and does each as often as asked', async () => {
    const [ada, bob] = [await signUp(world.server), await signUp(world.server)];
    for (const email of [ada.email, ada.email.toUpperCase(), bob.email]) {
      expect(await operatorCommand(world, 'grant', email)).toMatchObject({ code: 0, errors: '' });
    }
    expect(await listed()).toEqual([ada.email, bob.email].sort());
    for (let time = 0; time < 2; time += 1) {
      expect((await operatorCommand(world, 'revoke', ada.email)).code).toBe(0);
      expect(await listed()).toEqual([bob.email]);
    }
  });

  it('says so, and changes nothing, where there is no such account', async () => {
    const before = await listed();
    const email = uniqueEmail();
    const answer = await operatorCommand(world, 'grant', email);
    expect(answer).toEqual({ code: 1, output: '', errors: `No account has the e-mail address ${email}\n` });
    expect(await listed()).toEqual(before);
  });

  it.each([[[]], [['grant']], [['promote', 'a@example.com']], [['list', 'all']], [['grant', 'a', 'b']]])(
    'explains itself where it is misused: %j',
    async (args) => {
      const answer = await operatorCommand(world, ...args);
      expect(answer).toMatchObject({ code: 2, output: '', errors: expect.stringMatching(/^Usage: /) });
    },
  );
});
