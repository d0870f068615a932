import { PASSWORD, signUp, uniqueEmail } from '../../support/fixtures.js';
import { graphql } from '../../support/graphql-client.js';
import { metric } from '../../support/metrics.js';
import { OPERATIONS } from '../../support/operations.js';
import type { Attack } from '../attack.js';

const attack: Attack = {
  name: 'who has an account, from what sign-in answers and what it works',
  times: { quick: 40, full: 400 },
  async run({ world: { server }, attempt, judge }) {
    const { email } = await signUp(server);
    const hashes = () => metric(server, 'boxoffice_password_hashes_total');
    const answers = new Set<string>();
    // One at a time, or their work could not be told apart.
    await attempt(async (random) => {
      const known = random.next() < 0.5;
      const password = random.next() < 0.5 ? PASSWORD.toUpperCase() : 'x'.repeat(random.between(0, 200));
      const before = await hashes();
      const input = { email: known ? email : uniqueEmail(), password };
      const answer = await graphql(server, OPERATIONS['Mutation.signIn'], { input });
      const work = (await hashes()) - before;
      const { status, data, errors } = answer;
      judge({ status, text: JSON.stringify(errors) });
      if (work !== 1) throw new Error(`${known ? 'A known' : 'An unknown'} address took ${work} hashes`);
      answers.add(JSON.stringify({ status, data, errors }));
    }, 1);
    if (answers.size !== 1) throw new Error(`The answers differ: ${[...answers].join('\n')}`);
    return 'one answer, one hash each';
  },
};
export default attack;
