import { Random } from './random.js';

export interface Extent {
  readonly seed: number;
  /** 1 for the whole sale: 25,000 people, 2,000 tickets, Stripe's 100 requests a second. */
  readonly scale: number;
  /** How many times as fast as it would be; 1 unless only the harness is to be tried. */
  readonly tempo: number;
}

/** Times are in milliseconds after the first arrival. */
export interface Person {
  readonly index: number;
  readonly arrivesAt: number;
  /** Of a reader, who subscribes too. */
  readonly reloadsAt: readonly number[];
  readonly buyer: BuyerPlan | undefined;
}

export interface BuyerPlan {
  readonly habit: Habit;
  /** Places of the kinds of tickets, the one wanted most first. */
  readonly kinds: readonly number[];
  readonly quantity: number;
  /** Between seeing the tickets on sale and asking for some. */
  readonly decidesIn: number;
  /** Whether sold out means coming back now and then until it really is. */
  readonly patient: boolean;
}

export type Habit =
  | 'pays'
  | 'sends twice'
  | 'pays late'
  | 'is declined, then pays'
  | 'is declined, then leaves'
  | 'never pays'
  | 'hangs up';

export interface TicketKind {
  readonly name: string;
  /** In cents. */
  readonly price: number;
  readonly quantity: number;
}

const READERS = 20_000;
const BUYERS = 5_000;
const KINDS: readonly TicketKind[] = [
  { name: 'Front rows', price: 12_000, quantity: 200 },
  { name: 'Stalls', price: 8_000, quantity: 400 },
  { name: 'Balcony', price: 4_500, quantity: 600 },
  { name: 'Standing', price: 2_500, quantity: 800 },
];
const DEMAND = [
  [0, 4],
  [1, 3],
  [2, 2],
  [3, 1],
] as const;
const QUANTITIES = [
  [1, 30],
  [2, 45],
  [3, 10],
  [4, 15],
] as const;
const HABITS: readonly (readonly [Habit, number])[] = [
  ['pays', 56],
  ['sends twice', 10],
  ['pays late', 10],
  ['is declined, then pays', 6],
  ['is declined, then leaves', 4],
  ['never pays', 8],
  ['hangs up', 6],
];
const UNPAID: readonly Habit[] = ['is declined, then leaves', 'never pays', 'hangs up'];
const PATIENT = 0.6;
/** Arrivals rise until the sale opens, and fall from then on: 500 a second at the most, 25,000 in all. */
const RISE_MS = 20_000;
const FALL_MS = 45_000;
const END_MS = 120_000;
const HOLD_MS = 30_000;

/** When the sale opens, after the first arrival. */
export function opening({ tempo }: Extent): number {
  return RISE_MS / tempo;
}

/** When the last ones arrive. */
export function lastArrival({ tempo }: Extent): number {
  return END_MS / tempo;
}

/** For how long an order that is not paid keeps its tickets; in production it would be 15 minutes. */
export function holdMs({ tempo }: Extent): number {
  return HOLD_MS / tempo;
}

export function kindsOf({ scale }: Extent): TicketKind[] {
  return KINDS.map((kind) => ({ ...kind, quantity: Math.max(1, Math.round(kind.quantity * scale)) }));
}

/** The same people with the same intentions, in the order they arrive, for the same extent. */
export function planOf(extent: Extent): Person[] {
  const random = new Random(extent.seed);
  const readers = Math.round(READERS * extent.scale);
  const buyers = Math.round(BUYERS * extent.scale);
  const roles = random.shuffle([...Array(readers).fill('reads'), ...Array(buyers).fill('buys')]);
  return roles.map((role, index) => {
    const arrivesAt = arrival((index + random.next()) / roles.length) / extent.tempo;
    const buys = role === 'buys';
    return {
      index,
      arrivesAt,
      reloadsAt: buys ? [] : reloads(random, extent, arrivesAt),
      buyer: buys ? buyerPlan(random, extent) : undefined,
    };
  });
}

/** The time by which this share of all has arrived, from 0 to 1. */
function arrival(share: number): number {
  const rising = RISE_MS / 2;
  const falling = FALL_MS * (1 - Math.exp((RISE_MS - END_MS) / FALL_MS));
  const area = share * (rising + falling);
  if (area <= rising) return Math.sqrt(2 * area * RISE_MS);
  return RISE_MS - FALL_MS * Math.log(1 - (area - rising) / FALL_MS);
}

/** One and a half on average. */
function reloads(random: Random, extent: Extent, arrivesAt: number): number[] {
  const times: number[] = [];
  let at = arrivesAt;
  while (random.next() < 0.6) {
    at += random.exponential(12_000 / extent.tempo);
    if (at < lastArrival(extent)) times.push(at);
  }
  return times;
}

function buyerPlan(random: Random, { tempo }: Extent): BuyerPlan {
  const favourite = random.weighted(DEMAND);
  const others = random.shuffle(KINDS.map((_, place) => place).filter((place) => place !== favourite));
  const habit = random.weighted(HABITS);
  return {
    habit,
    kinds: [favourite, ...others],
    quantity: random.weighted(QUANTITIES),
    decidesIn: (300 + random.exponential(1_500)) / tempo,
    // Else the last ticket may go from one who will not pay to the next for as long as the sale lasts.
    patient: random.next() < PATIENT && !UNPAID.includes(habit),
  };
}
