import { Random } from '../../../bench/onsale/random.js';
import { type Cluster, type ClusterOptions, startCluster } from './cluster.js';
import { Crowd } from './crowd.js';
import { contradictions, contradictionsNow } from './invariants.js';
import { inWords, Journal } from './journal.js';
import { type Outcome, type RowContext, so } from './row.js';
import { Sale } from './sale.js';
import { Sampler } from './sampler.js';
import { misled, settle } from './settle.js';
import { Watchers } from './watchers.js';

const BUYERS = { quick: 5, full: 8 };
const WATCHERS = 4;
/** Purchases before anything goes wrong, by which the machine itself is measured. */
const WARM_UP = 40;

/** A sale under way, for faults to be injected into. */
export interface Trial {
  readonly cluster: Cluster;
  readonly sale: Sale;
  readonly crowd: Crowd;
  readonly journal: Journal;
  readonly sampler: Sampler;
  readonly watchers: Watchers;
  /** Follows from the seed and the row's name. */
  readonly random: Random;
  /** What this machine takes for a free purchase and between two, at the most and without any fault; in milliseconds. */
  readonly usual: { readonly freeMs: number; readonly gapMs: number };
  progress(text: string): void;
  /** Notes that something which must hold does not. */
  demand(holds: boolean, otherwise: string): void;
  /** Counts one injection. */
  struck(): void;
  /** Everything so far that must not be so at any instant; for controls, whose guards are removed. */
  failuresSoFar(): Promise<string[]>;
}

export interface TrialOptions extends ClusterOptions {
  readonly name: string;
  readonly buyers?: number;
  readonly withoutKeys?: boolean;
  /** Nothing is compared at the end: what was seen on the way is what counts. */
  readonly withoutEnd?: boolean;
}

/**
 * Starts everything, lets buyers in, injects the faults, ends them, waits until nothing is left to do, and compares
 * what everybody believes.
 *
 * @param inject returns what was seen, in a few words
 */
export async function tryOut(
  context: RowContext,
  options: TrialOptions,
  inject: (trial: Trial) => Promise<string>,
): Promise<Outcome> {
  const random = new Random(context.seed ^ hash(options.name));
  await using stack = new AsyncDisposableStack();
  const cluster = stack.use(await startCluster(context.prepared, context.directory, options));
  const sale = await Sale.open(cluster);
  const watchers = new Watchers(cluster);
  stack.defer(() => watchers.close());
  const journal = new Journal();
  watchers.watch(sale.show.id, WATCHERS);
  watchers.watch(sale.quietShow.id, WATCHERS);
  const sampler = new Sampler(cluster.pool);
  const opened = performance.now();
  const crowd = new Crowd(
    { cluster, sale, watchers, journal, withoutKeys: options.withoutKeys },
    random,
    options.buyers ?? so(context, BUYERS.quick, BUYERS.full),
  );
  sale.drip();
  const broken: string[] = [];
  let times = 0;
  let seen: string;
  try {
    await crowd.buys(WARM_UP);
    const warm = performance.now();
    seen = await inject({
      cluster,
      sale,
      crowd,
      journal,
      sampler,
      watchers,
      random,
      usual: { freeMs: journal.longestFree(opened, warm), gapMs: journal.longestGap(opened, warm) },
      progress: context.progress,
      demand: (holds, otherwise) => {
        if (!holds) broken.push(otherwise);
      },
      struck: () => {
        times += 1;
      },
      failuresSoFar: async () => [
        ...sampler.broken,
        ...(await contradictionsNow({ pool: cluster.pool, stripe: cluster.stripe, journal })),
      ],
    });
    cluster.heal();
    if (!options.withoutEnd) await crowd.buys(10);
  } catch (error) {
    await describe(cluster, context);
    throw error;
  } finally {
    await sale.end();
    await crowd.stop();
    await sampler.stop();
  }
  if (!options.withoutEnd) {
    context.progress(`comparing; ${inWords(journal.outcomes())}`);
    const left = await settle(cluster);
    const wrong = await misled(cluster, watchers);
    const contradicting = await contradictions({ pool: cluster.pool, stripe: cluster.stripe, journal });
    broken.push(...sampler.broken, ...left, ...wrong, ...contradicting);
  }
  const paid = journal.told.filter((told) => told.paid).length;
  return {
    times,
    seen: `${seen}; ${journal.told.length} orders, ${paid} paid, ${sampler.samples} samples`,
    broken: [...new Set(broken)],
  };
}

/** For whoever has to find out why the row could not go on. */
async function describe({ members, pool }: Cluster, { progress }: RowContext): Promise<void> {
  for (const member of members) {
    const health = await member.readHealth().catch((error: Error) => error.message);
    const troubles = member.troubles();
    progress(`${member.name}: ${JSON.stringify(health)}, ${troubles.length} errors logged`);
    for (const trouble of troubles.slice(-5)) progress(`${member.name}: ${trouble}`);
  }
  const busy = await pool
    .query("select state, wait_event, left(query, 100) as query from pg_stat_activity where state <> 'idle'")
    .catch((error: Error) => ({ rows: [error.message] }));
  progress(`PostgreSQL: ${JSON.stringify(busy.rows.slice(0, 10))}`);
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const character of text) value = Math.imul(value ^ character.charCodeAt(0), 0x01000193);
  return value >>> 0;
}
