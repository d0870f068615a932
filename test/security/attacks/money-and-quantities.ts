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

/** With what the order has become, which clients may read and mostly do not. */
const DOCUMENTS = {
  createTicket: OPERATIONS['Mutation.createTicket'],
  updateTicket: OPERATIONS['Mutation.updateTicket'],
  setPlatformFee: OPERATIONS['Mutation.setPlatformFee'],
  purchaseTickets: `mutation ($input: PurchaseTicketsInput!) {
    purchaseTickets(input: $input) {
      order { total { amount } lines { quantity unitPrice { amount } ticket { id } } }
    }
  }`,
};
type Kind = keyof typeof DOCUMENTS;
const KINDS = Object.keys(DOCUMENTS) as Kind[];
/** Of so many attempts, some of each kind are within what may be. */
const ENOUGH = 1_000;

const attack: Attack = {
  name: 'prices, quantities and fees at every boundary',
  times: { quick: 5_000, full: 50_000 },
  async run({ world, times, attempt, judge, note }) {
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
    const takenOn = new Map<Kind, number>();
    await attempt(async (random) => {
      const kind = pick(random, KINDS);
      const variables = kinds[kind](random) as Record<string, unknown>;
      const token = kind === 'setPlatformFee' ? operator : seller;
      const answer = await post(world.server, { query: DOCUMENTS[kind], variables }, token);
      judge(answer);
      for (const code of codesIn(answer)) note(`${kind}: ${code}`);
      const made = (JSON.parse(answer.text) as Answer).data?.[kind];
      if (!made) return;
      takenOn.set(kind, (takenOn.get(kind) ?? 0) + 1);
      CHECKS[kind](made, variables);
    });
    const never = KINDS.filter((kind) => !takenOn.has(kind));
    if (times >= ENOUGH && never.length > 0) throw new Error(`Not one ${never} was taken on.`);
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
  readonly data?: Readonly<Record<string, Made | null>> | null;
}
type Made = Readonly<Record<string, unknown>>;
type Check = (made: Made, variables: Readonly<Record<string, unknown>>) => void;
interface Amount {
  readonly amount: number;
}
interface MadeOrder {
  readonly total: Amount;
  readonly lines: ReadonlyArray<{ quantity: number; unitPrice: Amount; ticket: { id: string } }>;
}

/** What was taken on is kept as it was given, and was within what may be. */
const CHECKS: Readonly<Record<Kind, Check>> = {
  createTicket: checkTicket,
  updateTicket: checkTicket,
  purchaseTickets: checkOrder,
  setPlatformFee: checkFee,
};

function checkTicket(made: Made, variables: Made): void {
  const input = variables.input as Made;
  const { amount: price } = made.price as Amount;
  for (const [name, value] of [['price', price], ...Object.entries(made)] as const) {
    if (typeof value !== 'number') continue;
    const given = input[name];
    const isKept = given === undefined || given === null || given === value;
    if (!isKept || !isWithin(value)) throw new Error(`${name} ${given} became ${value}.`);
  }
}

function checkOrder(made: Made, variables: Made): void {
  const { items } = variables.input as { items: Made[] };
  const { total, lines } = made.order as MadeOrder;
  const [line, ...others] = lines;
  const [item] = items;
  const isAsWanted = line?.ticket.id === item?.ticketId && line?.quantity === item?.quantity;
  if (!line || others.length > 0 || !isAsWanted || !(line.quantity >= 1)) {
    throw new Error(`${JSON.stringify(items)} became ${JSON.stringify(lines)}.`);
  }
  const expected = item?.expectedUnitPrice;
  const isSeen = expected === undefined || expected === null || expected === line.unitPrice.amount;
  const isRight = total.amount === line.unitPrice.amount * line.quantity;
  if (!isSeen || !isRight || !isWithin(line.unitPrice.amount) || !isWithin(total.amount)) {
    throw new Error(`${line.quantity} of ${line.unitPrice.amount} (${expected}) cost ${total.amount}.`);
  }
}

/** Without one of its own, a producer has the platform's, which is 0 here. */
function checkFee({ percent, isOwn }: Made, { percent: given }: Made): void {
  const isKept = given === null ? percent === 0 && isOwn === false : percent === given && isOwn === true;
  if (!isKept || !(Number(percent) >= 0 && Number(percent) <= 100)) {
    throw new Error(`A fee of ${given} % became ${percent} %.`);
  }
}

function isWithin(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= LARGEST_INT;
}
