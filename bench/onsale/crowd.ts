import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { INVENTORY } from '../support/documents.js';
import { Latencies } from '../support/latencies.js';
import { Buyer, type Sale } from './buyer.js';
import { OperationFailed } from './http.js';
import type { CrowdJob, CrowdResult, Ending, PlayJob, PlayResult, SettleJob, SettleResult } from './jobs.js';
import { opening, type Person, planOf } from './plan.js';
import { Shop } from './shop.js';
import { type Address, type Audience, Subscriber, subscriptionTo } from './subscriber.js';
import { Tally } from './tally.js';
import { Updates } from './updates.js';

const LAG_RESOLUTION_MS = 10;
const CHECK_EVERY_MS = 100;
/** How the pages of those who watch are counted. */
const WATCHING = 'show (watching)';

/** A part of all the people who come to the sale; runs in a process of its own (crowd-process.ts). */
export class Crowd {
  private readonly tally = new Tally();
  private readonly subscribers: Subscriber[] = [];
  private readonly endings = new Map<string, Ending>();
  private readonly violations: string[] = [];
  private audience: Audience | undefined;
  private over = false;

  async work(job: CrowdJob): Promise<CrowdResult> {
    switch (job.kind) {
      case 'play':
        return this.play(job);
      case 'sold out':
        this.over = true;
        return { kind: 'sold out' };
      case 'settle':
        return this.settle(job);
    }
  }

  private async play(job: PlayJob): Promise<PlayResult> {
    const { extent, share, firstArrival } = job;
    const people = planOf(extent).filter((person) => belongsTo(person, share));
    const lag = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
    this.audience = {
      updates: new Updates(),
      subscription: subscriptionTo(job.showId, INVENTORY),
      sinceSent: new Latencies(),
      deliveries: 0,
      changes: 0,
    };
    const sale: Sale = {
      shop: new Shop(job, this.tally),
      tally: this.tally,
      extent,
      opensAt: firstArrival + opening(extent),
      end: job.end,
      isOver: () => this.over,
      paid: [],
      violations: this.violations,
    };
    lag.enable();
    await Promise.all(people.map((person) => this.live(person, job, sale)));
    lag.disable();
    sale.shop.close();
    return {
      kind: 'play',
      ...this.tally.counts(),
      arrivals: people.length,
      endings: [...this.endings.values()],
      paid: sale.paid,
      violations: this.violations,
      lag: {
        p99: Math.max(0, lag.percentile(99) / 1e6 - LAG_RESOLUTION_MS),
        longest: Math.max(0, lag.max / 1e6 - LAG_RESOLUTION_MS),
      },
    };
  }

  private async live(person: Person, job: PlayJob, sale: Sale): Promise<void> {
    const at = (time: number) => delay(Math.max(0, job.firstArrival + time - Date.now()));
    await at(person.arrivesAt);
    if (person.buyer) {
      const { habit } = person.buyer;
      this.ended(habit, await failing(() => new Buyer(person.index, person.buyer!, sale).visit()));
      return;
    }
    await failing(() => sale.shop.showPage(WATCHING));
    await this.subscribe(addressOf(person, job), job.end);
    for (const time of person.reloadsAt) {
      await at(time);
      await failing(() => sale.shop.showPage(WATCHING));
    }
  }

  private async subscribe(address: Address, end: number): Promise<void> {
    const lost = (code: string) => this.tally.failed('subscribe', code);
    for (;;) {
      const subscriber = new Subscriber(address, this.audience as Audience, lost);
      const started = performance.now();
      try {
        await subscriber.join();
        this.subscribers.push(subscriber);
        return this.tally.succeeded('subscribe', performance.now() - started);
      } catch (error) {
        lost(codeOf(error));
        if (Date.now() > end) return;
        await delay(1_000 + 2_000 * Math.random());
      }
    }
  }

  private ended(habit: Ending['habit'], ending: string): void {
    const key = `${habit}: ${ending}`;
    this.endings.set(key, { habit, ending, count: (this.endings.get(key)?.count ?? 0) + 1 });
  }

  private async settle({ tickets, patienceMs }: SettleJob): Promise<SettleResult> {
    const deadline = Date.now() + patienceMs;
    let wrong = this.subscribers;
    for (;;) {
      wrong = wrong.filter((subscriber) => subscriber.contradicts(tickets) !== undefined);
      if (wrong.length === 0 || Date.now() > deadline) break;
      await delay(CHECK_EVERY_MS);
    }
    const example = wrong[0]?.contradicts(tickets);
    for (const subscriber of this.subscribers) subscriber.leave();
    const { updates, sinceSent, deliveries = 0, changes = 0 } = this.audience ?? {};
    return {
      kind: 'settle',
      watching: this.subscribers.length,
      wrong: wrong.length,
      example,
      deliveries,
      changes,
      sinceSent: sinceSent?.counts() ?? [],
      arrivals: updates?.arrivals() ?? [],
    };
  }
}

function belongsTo({ index, buyer }: Person, share: PlayJob['share']): boolean {
  if (share === 'buyers') return buyer !== undefined;
  return buyer === undefined && index % share.processes === share.rest;
}

/** Each process comes from an address of its own, where the system has more than one at home. */
function addressOf(person: Person, { proxies, share }: PlayJob): Address {
  const proxy = proxies[person.index % proxies.length] as string;
  const url = `${proxy.replace('http', 'ws')}/graphql`;
  const own = process.platform === 'linux' && share !== 'buyers';
  return own ? { url, localAddress: `127.0.1.${share.rest + 1}` } : { url };
}

/** Failures are counted where they happen; here they only end what somebody was doing. */
async function failing(work: () => Promise<unknown>): Promise<string> {
  try {
    return String(await work());
  } catch (error) {
    if (!(error instanceof OperationFailed)) throw error;
    return `went home after ${error.code}`;
  }
}

function codeOf(error: unknown): string {
  return error instanceof OperationFailed ? error.code : String(error);
}
