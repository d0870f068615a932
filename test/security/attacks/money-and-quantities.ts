import type { Random } from '../../../bench/onsale/random.js';
import { OPERATIONS } from '../../support/operations.js';
import type { Attack } from '../attack.js';
import { people } from '../people.js';
import { codesIn, post } from '../post.js';
import { chance, NUMBERS, pick, text } from '../random-values.js';

const LARGEST_INT = 2 ** 31 - 1;

/** A number at a boundary, or what is no number at all. */
function amount(random: Random): unknown {
  if (chance(random, 0.6)) return pick(random, NUMBERS);
  return pick(random, [null, true, '1', '1.5', 'NaN', text(random), [1], { amount: 1 }]);
}

const attack: Attack = {
  name: 'prices, quantities and fees at every boundary',
  times: { quick: 5_000, full: 50_000 },
  async run({ world, attempt, judge, note }) {
    const { tokens, known } = await people(world);
    const [, , seller, operator] = tokens;
    const [showId, , free, paid, producerId] = known as [string, string, string, string, string];
    const kinds = {
      createTicket: (random: Random) => ({
        showId,
        input: some(random, {
          name: 'T',
          price: 0,
          currency: 'USD',
          quantity: 5,
          minPerOrder: 1,
          maxPerOrder: 10,
        }),
      }),
      updateTicket: (random: Random) => ({
        id: pick(random, [free, paid]),
        input: some(random, {
          price: undefined,
          quantity: 1_000_000,
          minPerOrder: undefined,
          maxPerOrder: undefined,
        }),
      }),
      purchaseTickets: (random: Random) => ({
        input: {
          showId,
          email: 'buyer@example.com',
          items: [
            some(random, { ticketId: pick(random, [free, paid]), quantity: 1, expectedUnitPrice: undefined }),
          ],
        },
      }),
      setPlatformFee: (random: Random) => ({ producerId, percent: amount(random) }),
    };
    await attempt(async (random) => {
      const kind = pick(random, [
        'createTicket',
        'updateTicket',
        'purchaseTickets',
        'setPlatformFee',
      ] as const);
      const variables = kinds[kind](random) as Record<string, unknown>;
      const token = kind === 'setPlatformFee' ? operator : seller;
      const answer = await post(world.server, { query: OPERATIONS[`Mutation.${kind}`], variables }, token);
      judge(answer);
      for (const code of codesIn(answer)) note(`${kind}: ${code}`);
      check(kind, JSON.parse(answer.text), variables);
    });
    // What was taken on is what the database has; it would refuse to count wrongly, but not to forget.
    const { rows } = await world.database.pool.query(
      'select count(*)::int as wrong from ticket where price < 0 or quantity < 0 or min_per_order < 1 or max_per_order < min_per_order',
    );
    if (rows[0].wrong !== 0) throw new Error(`${rows[0].wrong} tickets are what none may be.`);
  },
};
export default attack;

/** These values, of which one or two are others. */
function some(random: Random, usual: Record<string, unknown>): Record<string, unknown> {
  const numbers = Object.keys(usual).filter((name) => !['name', 'currency', 'ticketId'].includes(name));
  const changed = [pick(random, numbers), pick(random, numbers)].map((name) => [name, amount(random)]);
  return { ...usual, ...Object.fromEntries(changed) };
}

interface Answer {
  readonly data?: Record<string, Record<string, unknown> | null> | null;
}

/** What was accepted is kept as it was given, and was within what may be. */
function check(kind: string, { data }: Answer, variables: Record<string, unknown>): void {
  const made = data?.[kind];
  if (!made) return;
  const input = variables.input as Record<string, unknown> | undefined;
  if (kind === 'setPlatformFee') {
    const percent = Number(made.percent);
    if (!(percent >= 0 && percent <= 100)) throw new Error(`A fee of ${percent} % was set.`);
  }
  if (kind === 'createTicket' || kind === 'updateTicket') {
    const price = (made.price as { amount: number }).amount;
    for (const [name, value] of [['price', price], ...Object.entries(made)] as const) {
      if (typeof value !== 'number') continue;
      const given = input?.[name];
      const isKept = given === undefined || given === null || Object.is(value, Number(given) + 0);
      if (!isKept || value < 0 || value > LARGEST_INT) throw new Error(`${name} ${given} became ${value}.`);
    }
  }
}
