import type Stripe from 'stripe';
import { z } from 'zod';
import type { SavedKey } from '../wire/idempotency.js';
import { Collection } from './collection.js';
import { type OnboardingLink, type PaymentPlan, Store } from './store.js';
import type { TestMethod } from './test-methods.js';
import { now, type Settings } from './world.js';

const COLLECTIONS = [
  'accounts',
  'products',
  'prices',
  'sessions',
  'paymentMethods',
  'paymentIntents',
  'charges',
  'transfers',
  'transferReversals',
  'applicationFees',
  'feeRefunds',
  'refunds',
  'disputes',
  'balanceTransactions',
  'events',
] as const satisfies ReadonlyArray<keyof Store>;

type CollectionName = (typeof COLLECTIONS)[number];
type ItemOf<C> = C extends Collection<infer T> ? T : never;

/** A webhook that was still to be sent. */
export interface Undelivered {
  readonly event: string;
  /** The endpoint's; ids of endpoints differ from start to start. */
  readonly url: string;
}

/** What a local Stripe knows, but for faults, the request log, webhook endpoints and attempts. */
export interface State {
  /** See `LocalStripe.stateId`. */
  readonly id: string;
  readonly settings: Settings;
  readonly store: Store;
  readonly keys: readonly SavedKey[];
  readonly undelivered: readonly Undelivered[];
}

interface SavedState extends Omit<State, 'store'> {
  readonly format: typeof FORMAT;
  readonly version: typeof VERSION;
  readonly collections: { readonly [Name in CollectionName]: ReadonlyArray<ItemOf<Store[Name]>> };
  readonly lineItems: Readonly<Record<string, readonly Stripe.LineItem[]>>;
  readonly plans: Readonly<Record<string, PaymentPlan>>;
  readonly testMethods: Readonly<Record<string, TestMethod>>;
  readonly onboardingLinks: Readonly<Record<string, OnboardingLink>>;
  readonly deauthorizedAccounts: readonly string[];
}

const FORMAT = 'local-stripe';
const VERSION = 2;

const objects = z.array(z.looseObject({ id: z.string() }));

/** Tells whether this was written by `encodeState`; what it wrote into each object is not looked at again. */
const savedState = z.object({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  id: z.string().min(1),
  settings: z.object({ refundsPending: z.boolean() }),
  collections: z.record(z.enum(COLLECTIONS), objects),
  lineItems: z.record(z.string(), objects),
  plans: z.record(z.string(), z.looseObject({})),
  testMethods: z.record(z.string(), z.looseObject({ type: z.string() })),
  onboardingLinks: z.record(z.string(), z.looseObject({ account: z.string() })),
  deauthorizedAccounts: z.array(z.string()),
  keys: z.array(z.looseObject({ key: z.string(), result: z.looseObject({ body: z.string() }) })),
  undelivered: z.array(z.object({ event: z.string(), url: z.string() })),
});

/** "List events, going back up to 30 days" (https://docs.stripe.com/api/events/list). */
const EVENTS_KEPT_SECONDS = 30 * 24 * 60 * 60;
/** Keys may go "after they're at least 24 hours old" (https://docs.stripe.com/api/idempotent_requests). */
const KEYS_KEPT_MS = 24 * 60 * 60 * 1000;

/** The state as JSON. */
export function encodeState({ store, ...others }: State): string {
  const collections = COLLECTIONS.map((name) => [name, itemsOf<unknown>(store[name])]);
  const lineItems = [...store.lineItems].map(([session, items]) => [session, itemsOf(items)]);
  const state: SavedState = {
    format: FORMAT,
    version: VERSION,
    ...others,
    collections: Object.fromEntries(collections),
    lineItems: Object.fromEntries(lineItems),
    plans: Object.fromEntries(store.plans),
    testMethods: Object.fromEntries(store.testMethods),
    onboardingLinks: Object.fromEntries(store.onboardingLinks),
    deauthorizedAccounts: [...store.deauthorizedAccounts],
  };
  return JSON.stringify(state);
}

/**
 * The state that `encodeState` wrote, without what has outlived its time at Stripe.
 *
 * @throws for any other text
 */
export function decodeState(text: string): State {
  const saved = savedState.parse(JSON.parse(text)) as unknown as SavedState;
  const { id, settings, undelivered } = saved;
  const keys = saved.keys.filter(({ usedAt }) => usedAt > Date.now() - KEYS_KEPT_MS);
  return { id, settings, undelivered, keys, store: storeOf(saved) };
}

function storeOf(saved: SavedState): Store {
  const store = new Store();
  const { events, refunds, ...collections } = saved.collections;
  for (const [name, items] of Object.entries(collections)) {
    addAll(store[name as CollectionName] as Collection<{ readonly id: string }>, items);
  }
  const oldest = now() - EVENTS_KEPT_SECONDS;
  addAll(
    store.events,
    events.filter((event) => event.created > oldest),
  );
  for (const refund of refunds) store.addRefund(refund);
  for (const [session, items] of Object.entries(saved.lineItems)) {
    store.lineItems.set(session, addAll(new Collection<Stripe.LineItem>(), items));
  }
  for (const [session, plan] of Object.entries(saved.plans)) store.plans.set(session, plan);
  for (const [method, test] of Object.entries(saved.testMethods)) store.testMethods.set(method, test);
  for (const [token, link] of Object.entries(saved.onboardingLinks)) {
    if (link.expiresAt > now()) store.onboardingLinks.set(token, link);
  }
  for (const account of saved.deauthorizedAccounts) store.deauthorizedAccounts.add(account);
  return store;
}

/** Oldest first. */
function itemsOf<T>(collection: { newestFirst(): Iterable<T> }): T[] {
  return [...collection.newestFirst()].reverse();
}

function addAll<T extends { readonly id: string }>(
  collection: Collection<T>,
  items: readonly T[],
): Collection<T> {
  for (const item of items) collection.add(item);
  return collection;
}
