import type { Attack } from '../attack.js';
import { people } from '../people.js';
import { codesIn, post } from '../post.js';
import { randomDocument, withWrongVariables } from '../random-documents.js';
import { chance, pick } from '../random-values.js';

const MUTATIONS = [
  ...[
    'createProducer',
    'connectStripeAccount',
    'setPlatformFee',
    'createShow',
    'publishShow',
    'createTicket',
  ],
  ...['updateTicket', 'purchaseTickets', 'createCheckout', 'completeCheckout', 'cancelOrder', 'refundOrder'],
  ...['retryRefund', 'refreshSession', 'replayWebhookEvent'],
];

const attack: Attack = {
  name: 'random variables for valid documents',
  times: { quick: 5_000, full: 50_000 },
  async run({ world, attempt, judge, note }) {
    const { tokens, known } = await people(world);
    await attempt(async (random) => {
      const kind = chance(random, 0.5) ? 'mutation' : 'query';
      const document = randomDocument(random, kind, known, kind === 'mutation' ? MUTATIONS : undefined);
      const answer = await post(world.server, withWrongVariables(random, document), pick(random, tokens));
      judge(answer);
      for (const code of new Set(codesIn(answer))) note(code);
    });
  },
};
export default attack;
