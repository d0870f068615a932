import type { Random } from '../../../bench/onsale/random.js';
import { type Cluster, type ClusterOptions, startCluster } from './cluster.js';
import { Crowd } from './crowd.js';
import { Journal } from './journal.js';
import { type RowContext, so } from './row.js';
import { Sale } from './sale.js';
import { Sampler } from './sampler.js';
import { Watchers } from './watchers.js';

const BUYERS = { quick: 5, full: 8 };
const WATCHERS = 4;

export interface SceneOptions extends ClusterOptions {
  readonly buyers?: number;
  readonly withoutKeys?: boolean;
}

/** Servers, a sale at them, and everybody who has to do with it. */
export interface Scene {
  readonly cluster: Cluster;
  readonly sale: Sale;
  readonly crowd: Crowd;
  readonly journal: Journal;
  readonly sampler: Sampler;
  readonly watchers: Watchers;
}

/** From here on buyers buy. @param stack by which the servers and the watchers end; the rest is ended by itself */
export async function openScene(
  context: RowContext,
  options: SceneOptions,
  random: Random,
  stack: AsyncDisposableStack,
): Promise<Scene> {
  const cluster = stack.use(await startCluster(context.prepared, context.directory, options));
  const sale = await Sale.open(cluster);
  const watchers = new Watchers(cluster);
  stack.defer(() => watchers.close());
  const journal = new Journal();
  watchers.watch(sale.show.id, WATCHERS);
  watchers.watch(sale.quietShow.id, WATCHERS);
  const sampler = new Sampler(cluster.pool);
  const crowd = new Crowd(
    { cluster, sale, watchers, journal, withoutKeys: options.withoutKeys },
    random,
    options.buyers ?? so(context, BUYERS.quick, BUYERS.full),
  );
  sale.drip();
  return { cluster, sale, crowd, journal, sampler, watchers };
}
