import type { Attack } from '../attack.js';
import { people } from '../people.js';
import { codesIn, post } from '../post.js';
import { randomDocument } from '../random-documents.js';
import { chance, pick } from '../random-values.js';

/** Calling a show off ends what there is to do with it, and passwords cost as much to check as they should. */
const SELDOM = ['cancelShow', 'signUp', 'signIn'];
const OFTEN = [
  ...[
    'createProducer',
    'connectStripeAccount',
    'setPlatformFee',
    'createShow',
    'publishShow',
    'createTicket',
  ],
  ...['updateTicket', 'purchaseTickets', 'createCheckout', 'completeCheckout', 'cancelOrder', 'refundOrder'],
  ...['retryRefund', 'refreshSession', 'replayWebhookEvent', 'replayFailedWebhookEvents'],
];

const attack: Attack = {
  name: 'random operations that are valid by the schema',
  times: { quick: 5_000, full: 50_000 },
  async run({ world, attempt, judge, note }) {
    const { tokens, known } = await people(world);
    await attempt(async (random) => {
      const kind = chance(random, 0.3) ? 'mutation' : 'query';
      const roots = kind === 'query' ? undefined : chance(random, 0.02) ? SELDOM : OFTEN;
      const answer = await post(
        world.server,
        randomDocument(random, kind, known, roots),
        pick(random, tokens),
      );
      judge(answer);
      for (const code of new Set(codesIn(answer))) note(code);
    });
  },
};
export default attack;
