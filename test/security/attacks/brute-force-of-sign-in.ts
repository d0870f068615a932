import { randomUUID } from 'node:crypto';
import { PASSWORD, signUp } from '../../support/fixtures.js';
import { graphql } from '../../support/graphql-client.js';
import { OPERATIONS } from '../../support/operations.js';
import type { Attack } from '../attack.js';

/** The limit, and one window more should the clock's minute end meanwhile. */
const MOST_ANSWERED = 20;

const attack: Attack = {
  name: 'passwords of one account guessed from many addresses',
  times: { quick: 300, full: 3_000 },
  async run({ world, attempt, judge, note }) {
    const server = await world.addServer({ env: { RATE_LIMITS: 'on', TRUSTED_PROXIES: '1', WORKER: 'off' } });
    const { email } = await signUp(server);
    let answered = 0;
    await attempt(async (random, index) => {
      const operation = random.next() < 0.8 ? 'Mutation.signIn' : 'Mutation.signUp';
      const written = random.next() < 0.5 ? email : ` ${email.toUpperCase()} `;
      const input = { email: written, password: `guess ${randomUUID()}` };
      const address = `10.${index >> 16}.${(index >> 8) & 0xff}.${index & 0xff}`;
      const answer = await graphql(
        server,
        OPERATIONS[operation],
        { input },
        { headers: { 'x-forwarded-for': address } },
      );
      judge({ status: answer.status, text: JSON.stringify(answer.errors) });
      const code = answer.errors[0]?.extensions?.code;
      note(String(code));
      if (code === undefined) throw new Error('A guess was right');
      if (code !== 'RATE_LIMITED') answered += 1;
    });
    if (answered > MOST_ANSWERED) throw new Error(`${answered} guesses were answered`);
    // Who owns the account is kept out for the rest of the minute too, and for no longer.
    const input = { email, password: PASSWORD };
    const own = await graphql(server, OPERATIONS['Mutation.signIn'], { input });
    const waitMs = Number(own.errors[0]?.extensions?.retryAfterMs ?? 0);
    if (waitMs > 60_000) throw new Error(`The account is shut for ${waitMs} ms`);
    return `${answered} guesses answered`;
  },
};
export default attack;
