import { setTimeout as delay } from 'node:timers/promises';
import { Random } from '../../../bench/onsale/random.js';
import { Buyer } from './buyer.js';
import type { Cluster } from './cluster.js';
import { Journal } from './journal.js';
import type { Sale } from './sale.js';
import type { Watchers } from './watchers.js';

/** Between two buyers who come one after the other, in milliseconds. */
const PAUSE_MS = [10, 60] as const;

/** Whom all buyers have in common. */
export interface Setting {
  readonly cluster: Cluster;
  readonly sale: Sale;
  readonly watchers: Watchers;
  readonly journal: Journal;
  /** Sends no idempotency keys: what it takes away shows in the journal. */
  readonly withoutKeys?: boolean;
}

/** Buyers, so many at a time, one coming as soon as another has gone, until told to stop. */
export class Crowd {
  readonly journal: Journal;
  private stopped = false;
  /** Why a buyer could not go on: a fault of ours, not of the servers. */
  private failure: { readonly error: unknown } | undefined;
  private readonly lives: Promise<void>[] = [];

  constructor(
    private readonly setting: Setting,
    random: Random,
    atOnce: number,
  ) {
    this.journal = setting.journal;
    for (let n = 0; n < atOnce; n += 1) {
      const life = this.live(new Random(random.next() * 2 ** 32));
      this.lives.push(
        life.catch((error: unknown) => {
          this.failure ??= { error };
        }),
      );
    }
  }

  /**
   * Waits until so many more have bought something, for as long as anybody buys.
   *
   * @throws when nobody has for `patienceMs` milliseconds
   */
  async buys(count: number, patienceMs = 120_000): Promise<void> {
    const { told } = this.journal;
    const wanted = told.length + count;
    let known = told.length;
    let since = performance.now();
    while (told.length < wanted) {
      if (this.failure) throw this.failure.error;
      if (told.length > known) {
        known = told.length;
        since = performance.now();
      }
      if (performance.now() - since > patienceMs) {
        throw new Error(`Nobody buys any more: ${JSON.stringify(this.journal.outcomes(since))}`);
      }
      await delay(20);
    }
  }

  /** Nobody new comes; resolves when those who are here have gone. @throws what a buyer failed with */
  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.lives);
    if (this.failure) throw this.failure.error;
  }

  private async live(random: Random): Promise<void> {
    while (!this.stopped) {
      await new Buyer(this.setting, random).live();
      await delay(random.between(...PAUSE_MS));
    }
  }
}
