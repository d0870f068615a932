import { signUp } from '../../support/fixtures.js';
import { operate } from '../../support/operate.js';
import type { Attack } from '../attack.js';

const attack: Attack = {
  name: 'a refresh token stolen and used beside its owner',
  times: { quick: 20, full: 200 },
  async run({ world: { server }, attempt, judge, note }) {
    const refresh = async (refreshToken: string): Promise<string | undefined> => {
      const { data, errors } = await operate(server, 'Mutation.refreshSession', { refreshToken });
      judge({ text: JSON.stringify(errors) });
      return (data?.refreshSession as { refreshToken: string } | undefined)?.refreshToken;
    };
    await attempt(async (random) => {
      const { refreshToken: stolen } = await signUp(server);
      const chain = [stolen];
      for (let left = Math.floor(random.between(0, 4)); left > 0; left -= 1) {
        chain.push((await refresh(chain.at(-1)!))!);
      }
      // Both use the same one: at once, or one after the other.
      const token = chain[Math.floor(random.between(0, chain.length))]!;
      const uses =
        random.next() < 0.5
          ? await Promise.all([refresh(token), refresh(token)])
          : [await refresh(token), await refresh(token)];
      const through = uses.filter((successor) => successor !== undefined);
      if (through.length > 1) throw new Error('One token was exchanged twice');
      note(through.length === 1 ? 'one let through' : 'none let through');
      for (const every of [...chain, ...through]) {
        if ((await refresh(every!)) !== undefined) throw new Error('A session of the family goes on');
      }
    });
    return 'every family ended';
  },
};
export default attack;
