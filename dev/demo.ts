import { eventually } from './eventually.js';
import {
  type Call,
  connectStripeAccount,
  createProducer,
  createPublishedShow,
  type NewShow,
  type NewTicket,
  ownProducers,
  type Producer,
  type Show,
  signIn,
  signUp,
} from './seller.js';

/** Printed at every start: there is nothing to protect on a private machine with a local Stripe. */
export const DEMO_USER = {
  email: 'demo@boxoffice.example',
  password: 'demo-box-office',
  name: 'Demo Producer',
} as const;

const PRODUCER_NAME = 'Riverside Playhouse';
const DAY_MS = 24 * 60 * 60 * 1000;
const EVENING = { hours: 19, minutes: 30 };

export interface DemoOptions {
  /** Sends an operation, as the bearer of the token if there is one. */
  readonly send: (token: string | undefined) => Call;
  /** Walks through Stripe's onboarding as the producer would; absent where only a person can. */
  readonly finishOnboarding?: (url: string) => Promise<void>;
  readonly returnUrl: string;
}

export interface Demo {
  /** Costs nothing: confirmed at once. */
  readonly free: Show;
  readonly paid: Show;
  readonly canAcceptPayments: boolean;
}

interface DemoShow {
  readonly daysFromNow: number;
  readonly show: Omit<NewShow, 'startsAt'>;
  readonly tickets: (now: Date) => NewTicket[];
}

const FREE: DemoShow = {
  daysFromNow: 14,
  show: {
    title: 'Open Rehearsal',
    description: 'Watch the company at work. Admission is free, seats are not numbered.',
    venue: 'Riverside Playhouse, Studio',
    timeZone: 'Europe/Berlin',
  },
  tickets: () => [{ name: 'Free admission', price: 0, quantity: 200, currency: 'EUR', maxPerOrder: 6 }],
};

const PAID: DemoShow = {
  daysFromNow: 30,
  show: {
    title: 'The Tempest',
    description: 'Shakespeare on the main stage, three hours with one interval.',
    venue: 'Riverside Playhouse, Main Stage',
    timeZone: 'America/New_York',
  },
  tickets: () => [
    { name: 'Stalls', price: 6_500, quantity: 300, currency: 'USD' },
    { name: 'Balcony', price: 3_800, quantity: 180, currency: 'USD' },
    { name: 'Programme, reserved', price: 0, quantity: 480, currency: 'USD' },
  ],
};

const OTHERS: readonly DemoShow[] = [
  {
    daysFromNow: 21,
    show: {
      title: 'Midnight in the Engine Room',
      description: 'One night, twenty-five people, no repeat. Watch the last tickets go.',
      venue: 'Old Power Station',
      timeZone: 'Europe/London',
    },
    tickets: () => [{ name: 'Admission', price: 4_200, quantity: 25, currency: 'GBP', maxPerOrder: 2 }],
  },
  {
    daysFromNow: 120,
    show: {
      title: 'Harbour Lights Festival',
      description: 'Three stages by the water. Sales open in a week.',
      venue: 'Harbour Park',
      timeZone: 'Europe/Lisbon',
    },
    tickets: (now) => {
      const salesStartAt = new Date(now.getTime() + 7 * DAY_MS).toISOString();
      return [
        { name: 'Day ticket', price: 5_900, quantity: 5_000, currency: 'EUR', salesStartAt },
        {
          name: 'Weekend pass',
          price: 14_900,
          quantity: 2_000,
          currency: 'EUR',
          salesStartAt,
          maxPerOrder: 4,
        },
      ];
    },
  },
  {
    daysFromNow: 45,
    show: {
      title: 'Kissa Jazz Quartet',
      description: 'An evening of standards, priced in a currency without minor units.',
      venue: 'Shimokitazawa Hall',
      timeZone: 'Asia/Tokyo',
    },
    tickets: () => [
      { name: 'Table seat', price: 7_800, quantity: 60, currency: 'JPY' },
      { name: 'Standing', price: 3_500, quantity: 120, currency: 'JPY' },
    ],
  },
];

/**
 * Puts a handful of shows on sale through the public API, as any producer would. Finds what an earlier start has
 * made, and adds only what is missing: a show of an earlier start that has taken place comes back with a new date.
 */
export async function seedDemo(options: DemoOptions): Promise<Demo> {
  const call = options.send(await demoToken(options.send(undefined)));
  const existing = (await ownProducers(call)).find(({ name }) => name === PRODUCER_NAME);
  const producer = existing ?? (await createProducer(call, PRODUCER_NAME));
  const canAcceptPayments = producer.canAcceptPayments || (await onboard(call, producer, options));
  const now = new Date();
  const upcoming = await upcomingShows(call, producer, now);
  const find = async (wanted: DemoShow): Promise<Show> =>
    upcoming.find(({ title }) => title === wanted.show.title) ??
    (await createPublishedShow(
      call,
      producer.id,
      { ...wanted.show, startsAt: evening(now, wanted.daysFromNow).toISOString() },
      wanted.tickets(now),
    ));
  const demo = { free: await find(FREE), paid: await find(PAID), canAcceptPayments };
  for (const other of OTHERS) await find(other);
  return demo;
}

async function demoToken(call: Call): Promise<string> {
  const { email, password } = DEMO_USER;
  try {
    return (await signIn(call, { email, password })).accessToken;
  } catch {
    // There is no such account yet; if it is anything else, signing up fails too and tells.
    return (await signUp(call, DEMO_USER)).accessToken;
  }
}

async function onboard(call: Call, { id }: Producer, options: DemoOptions): Promise<boolean> {
  if (!options.finishOnboarding) return false;
  await options.finishOnboarding(await connectStripeAccount(call, id, options.returnUrl));
  return await eventually("Stripe's webhook has made the demo producer payable", async () =>
    (await ownProducers(call)).some((producer) => producer.id === id && producer.canAcceptPayments),
  );
}

async function upcomingShows(call: Call, producer: Producer, now: Date): Promise<readonly Show[]> {
  const { shows } = await call<{ shows: { nodes: ReadonlyArray<Show & { status: string }> } }>(
    `query Upcoming($filter: ShowFilter) {
      shows(first: 100, filter: $filter) {
        nodes { id title status tickets { id name price { amount currency } available } }
      }
    }`,
    { filter: { producerId: producer.id, startsAfter: now.toISOString() } },
  );
  // A start that was interrupted may have left a draft.
  return shows.nodes.filter(({ status }) => status === 'PUBLISHED');
}

/** Half past seven, UTC, so many days from now. */
function evening(now: Date, daysFromNow: number): Date {
  const date = new Date(now.getTime() + daysFromNow * DAY_MS);
  date.setUTCHours(EVENING.hours, EVENING.minutes, 0, 0);
  return date;
}
