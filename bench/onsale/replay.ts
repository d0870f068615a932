import { setTimeout as delay } from 'node:timers/promises';
import type { Show } from '../../dev/seller.js';
import type { RequestCount } from '../../dev/stripe/index.js';
import type { Reading } from '../support/probe.js';
import { startWorker, type Worker } from '../support/worker.js';
import { auditFailure, brokenPromises, chargesAt, ordersIn } from './checks.js';
import type { CrowdJob, CrowdResult, PlayJob, PlayResult, SettleResult, TicketState } from './jobs.js';
import { type Extent, holdMs, kindsOf, lastArrival, opening } from './plan.js';
import { openBoxOffice } from './put-on-sale.js';
import { Sampler } from './sampler.js';
import { type LoggedTrouble, loggedTroubles } from './server-logs.js';
import { type Usage, usageOf } from './usage.js';
import type { World } from './world.js';

/** Everything that was seen; report.ts says it in words. */
export interface Replay {
  readonly opensAt: number;
  readonly quantity: number;
  readonly plays: readonly PlayResult[];
  readonly settled: readonly SettleResult[];
  readonly sampler: Sampler;
  readonly stripe: readonly RequestCount[];
  readonly mails: number;
  readonly logged: readonly LoggedTrouble[];
  /** Of each part, from the first arrival until the end. */
  readonly usage: Readonly<Record<string, Usage | undefined>>;
  /** What each server says of itself. */
  readonly readings: readonly Reading[];
  readonly seconds: number;
  /** Sentences; empty where every promise was kept. */
  readonly broken: readonly string[];
}

type CrowdWorker = Worker<CrowdJob, CrowdResult>;

/** Between the last preparations and the first arrival. */
const LEAD_MS = 1_500;
const POLL_MS = 100;
/** After the last arrival: a hold that is given up, found to be over, bought again, given up again. */
const HOLDS_AFTER = 3;
const PATIENCE_MS = 45_000;
const HEAR_MS = 10_000;

/**
 * @param processes of those who watch; those who buy have one more
 * @throws when something cannot be done at all; what the product does wrong is in the result
 */
export async function replay(
  world: World,
  extent: Extent,
  processes: number,
  progress: (text: string) => void,
): Promise<Replay> {
  await using crowds = new AsyncDisposableStack();
  const shares = [
    'buyers' as const,
    ...Array.from({ length: processes }, (_, rest) => ({ rest, processes })),
  ];
  const workers = shares.map(() =>
    crowds.use(startWorker<CrowdJob, CrowdResult>(import.meta.url, './crowd-process.js')),
  );
  const putOnSale = await openBoxOffice(world);
  const kinds = kindsOf(extent);
  const quantity = kinds.reduce((sum, kind) => sum + kind.quantity, 0);
  const firstArrival = Date.now() + LEAD_MS;
  const opensAt = firstArrival + opening(extent);
  const show = await putOnSale(kinds, opensAt);
  for (const server of world.servers) await server.watch();
  const before = measured(world, workers);
  const sampler = new Sampler(world.database.pool, show.id);
  const end = firstArrival + lastArrival(extent) + HOLDS_AFTER * holdMs(extent) + PATIENCE_MS;
  progress(`the first arrive, and in ${Math.round(opening(extent) / 1000)} s the sale opens`);
  const playing = workers.map((worker, index) =>
    worker.run({
      kind: 'play',
      extent,
      share: shares[index] as PlayJob['share'],
      proxies: world.proxies.urls,
      showId: show.id,
      firstArrival,
      end,
    }),
  );
  const soldOut = tellWhenSoldOut(workers, sampler, quantity, end, progress);
  const plays = (await Promise.all(playing)) as PlayResult[];
  await soldOut;
  progress('everybody has come and gone; comparing what is believed with what is true');
  const tickets = await truth(world, show);
  const settled = await Promise.all(
    workers.map((worker) => worker.run({ kind: 'settle', tickets, patienceMs: HEAR_MS })),
  );
  const seconds = (Date.now() - firstArrival) / 1_000;
  const after = measured(world, workers);
  await sampler.stop();
  const seen = {
    opensAt,
    quantity,
    plays,
    settled: settled as SettleResult[],
    sampler,
    stripe: await world.stripe.requestCounts(),
    mails: world.mails.length,
    logged: loggedTroubles(world.logFiles),
    usage: spent(before, after),
    readings: await Promise.all(world.servers.map((server) => server.read())),
    seconds,
  };
  return { ...seen, broken: await everythingBroken(world, seen) };
}

async function tellWhenSoldOut(
  workers: readonly CrowdWorker[],
  sampler: Sampler,
  quantity: number,
  end: number,
  progress: (text: string) => void,
): Promise<void> {
  let told = Date.now();
  while (sampler.last.sold < quantity && Date.now() < end) {
    await delay(POLL_MS);
    if (Date.now() - told < 10_000) continue;
    told = Date.now();
    progress(`${sampler.last.sold} of ${quantity} sold, ${sampler.last.held} held`);
  }
  progress(sampler.last.sold < quantity ? 'time is over, and not all are sold' : 'sold out');
  await Promise.all(workers.map((worker) => worker.run({ kind: 'sold out' })));
}

/** From the database itself. */
async function truth(world: World, show: Show): Promise<TicketState[]> {
  const { pool } = world.database;
  const { rows } = await pool.query<{ id: number; available: number }>(
    'SELECT id, quantity - held - sold AS available FROM ticket WHERE show_id = $1 ORDER BY id',
    [show.id],
  );
  return rows.map(({ id, available }) => ({
    ticketId: String(id),
    available,
    status: available === 0 ? 'SOLD_OUT' : 'ON_SALE',
  }));
}

async function everythingBroken(world: World, seen: Omit<Replay, 'broken'>): Promise<string[]> {
  const { pool } = world.database;
  const audit = await auditFailure(pool);
  const broken = brokenPromises({
    orders: await ordersIn(pool),
    charges: await chargesAt(world.stripe.url, world.stripeKey),
    paid: seen.plays.flatMap(({ paid }) => paid),
    sold: seen.sampler.last.sold,
    quantity: seen.quantity,
    subscribers: seen.settled,
    errors: errorsOf(seen.plays),
  });
  return [
    ...(audit === undefined ? [] : [audit]),
    ...seen.plays.flatMap(({ violations }) => violations),
    ...broken,
  ];
}

export function errorsOf(plays: readonly PlayResult[]): Record<string, number> {
  const errors: Record<string, number> = {};
  for (const [name, count] of plays.flatMap((play) => Object.entries(play.errors))) {
    errors[name] = (errors[name] ?? 0) + count;
  }
  return errors;
}

function measured(world: World, workers: readonly CrowdWorker[]): Record<string, Usage | undefined> {
  const pids = { ...world.pids, crowd: workers.map(({ pid }) => pid) };
  return Object.fromEntries(
    Object.entries(pids).map(([name, ids]) => [name, together(ids, name === 'PostgreSQL')]),
  );
}

function together(pids: readonly number[], withChildren: boolean): Usage | undefined {
  const usages = pids.map((pid) => usageOf(pid, withChildren));
  return usages.reduce(
    (sum, usage) =>
      sum &&
      usage && {
        cpuSeconds: sum.cpuSeconds + usage.cpuSeconds,
        memoryMiB: sum.memoryMiB + usage.memoryMiB,
        peakMiB: sum.peakMiB + usage.peakMiB,
      },
  );
}

function spent(
  before: Record<string, Usage | undefined>,
  after: Record<string, Usage | undefined>,
): Record<string, Usage | undefined> {
  return Object.fromEntries(
    Object.entries(after).map(([name, usage]) => {
      const cpuSeconds = (usage?.cpuSeconds ?? 0) - (before[name]?.cpuSeconds ?? 0);
      return [name, usage && { ...usage, cpuSeconds }];
    }),
  );
}
