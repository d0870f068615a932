import { setTimeout as delay } from 'node:timers/promises';
import { Redis as Client } from 'ioredis';
import { eventually } from '../../support/eventually.js';
import type { RedisNode } from '../harness/cluster.js';
import { type Row, so } from '../harness/row.js';
import { type Trial, tryOut } from '../harness/trial.js';

/** Within which selling goes on, on a machine that has nothing else to do. */
const GOES_ON_WITHIN_MS = 1_000;

/** Readiness is asked for, and the show told again, in seconds; how soon is not what is judged. */
const HEALTH_WITHIN_MS = 60_000;

interface Outage {
  readonly what: string;
  readonly lastsMs: number;
  readonly begin: () => Promise<void> | void;
  readonly end: () => Promise<void> | void;
  /** Whether readiness has to say so. */
  readonly degrades: boolean;
  /** Whether events go through it, so that what was missed has to be told afterwards. */
  readonly carriesEvents: boolean;
}

export const redisLost: Row = {
  name: 'redis-lost',
  fault: 'Redis `kill -9` and restarted empty, SIGSTOP, FLUSHALL',
  checks: 'selling goes on within 1 s; readiness says degraded; a whole-show message when it is back',
  run: (context) =>
    tryOut(context, { name: 'redis-lost' }, async (trial) => {
      const [node] = trial.cluster.redis as [RedisNode];
      const rounds = so(context, 1, 5);
      let longest = 0;
      for (let round = 0; round < rounds; round += 1) {
        trial.progress(`round ${round + 1} of ${rounds}`);
        longest = Math.max(
          longest,
          await endure(trial, killed(node, so(context, 2_000, 5_000))),
          await endure(trial, stopped(node, so(context, 8_000, 30_000))),
          await flushedAgainAndAgain(trial, node),
        );
      }
      return `nobody bought for ${Math.round(longest)} ms at most`;
    }),
};

export const redisQuorum: Row = {
  name: 'redis-quorum',
  fault: 'one of three Redis nodes lost, then two',
  checks:
    'with one lost, locks are had and readiness says ready; with two, degraded, and selling goes on within 1 s',
  run: (context) =>
    tryOut(context, { name: 'redis-quorum', redisNodes: 3 }, async (trial) => {
      const [, second, third] = trial.cluster.redis as [RedisNode, RedisNode, RedisNode];
      const rounds = so(context, 1, 5);
      const lastsMs = so(context, 2_000, 5_000);
      let longest = 0;
      for (let round = 0; round < rounds; round += 1) {
        const lost = { ...killed(third, lastsMs), carriesEvents: false };
        const one = { ...lost, what: 'one of three nodes lost', degrades: false };
        longest = Math.max(longest, await endure(trial, { ...one, end: () => undefined }));
        const two = { ...killed(second, lastsMs), carriesEvents: false, what: 'two of three nodes lost' };
        const end = async () => {
          await second.start();
          await third.start();
        };
        longest = Math.max(longest, await endure(trial, { ...two, end }));
      }
      return `nobody bought for ${Math.round(longest)} ms at most`;
    }),
};

function killed(node: RedisNode, lastsMs: number): Outage {
  return {
    what: 'Redis killed',
    lastsMs,
    begin: () => node.kill(),
    end: () => node.start(),
    degrades: true,
    carriesEvents: true,
  };
}

function stopped(node: RedisNode, lastsMs: number): Outage {
  return {
    what: 'Redis stopped',
    lastsMs,
    begin: () => node.signal('SIGSTOP'),
    end: () => node.signal('SIGCONT'),
    degrades: true,
    carriesEvents: true,
  };
}

/** @returns the longest time in which nobody bought anything, in milliseconds */
async function endure(trial: Trial, outage: Outage): Promise<number> {
  const { cluster, journal, usual } = trial;
  const began = performance.now();
  await outage.begin();
  trial.struck();
  const degraded = awaitStatus(trial, 'degraded').catch(() => undefined);
  const gapLimit = trial.limit(GOES_ON_WITHIN_MS, usual.gapMs);
  const freeLimit = trial.limit(GOES_ON_WITHIN_MS, usual.freeMs);
  // In a shorter one, too long a wait could not be seen.
  await delay(Math.max(outage.lastsMs, gapLimit + 500, freeLimit + 500));
  const ended = performance.now();
  if (outage.degrades) {
    trial.demand((await degraded) !== undefined, `${outage.what}, and readiness does not say degraded`);
  } else {
    const { status } = await cluster.members[0]!.readHealth(HEALTH_WITHIN_MS);
    trial.demand(status === 'ready', `${outage.what}, and readiness says ${status}`);
  }
  const gap = journal.longestGap(began, ended);
  const slowest = journal.longestFree(began, ended);
  trial.demandWithin({ ms: gap, from: began }, gapLimit, `${outage.what}: nobody bought anything`);
  trial.demandWithin(
    { ms: slowest, from: began },
    freeLimit,
    `${outage.what}: a free purchase took its time`,
  );
  await outage.end();
  const back = performance.now();
  await awaitStatus(trial, 'ready').catch(() => trial.demand(false, `${outage.what}: not ready afterwards`));
  if (outage.carriesEvents) await hearsAfresh(trial, back, outage.what);
  return gap;
}

async function awaitStatus({ cluster }: Trial, status: string): Promise<true> {
  const probe = async () => {
    const all = await Promise.all(cluster.members.map((member) => member.readHealth()));
    return all.every((health) => health.code === 200 && health.status === status);
  };
  return eventually(`readiness says ${status}`, probe, HEALTH_WITHIN_MS);
}

/** Also who watches a show of which nothing is bought is told all of it again, at every server. */
async function hearsAfresh(trial: Trial, back: number, what: string): Promise<void> {
  const { quietShow } = trial.sale;
  const watchers = trial.watchers.shows.filter(({ showId }) => showId === quietShow.id);
  const probe = () =>
    watchers.every(({ messages }) =>
      messages.some(({ at, tickets }) => at > back && tickets === quietShow.tickets.length),
    );
  await eventually('everybody was told the whole show again', probe, HEALTH_WITHIN_MS).catch(() =>
    trial.demand(false, `${what}: somebody was not told the whole show when it was back`),
  );
}

/** All locks are forgotten while they are held. */
async function flushedAgainAndAgain(trial: Trial, node: RedisNode): Promise<number> {
  const client = new Client(node.url);
  // Commands fail too, which is what counts.
  client.on('error', () => undefined);
  const began = performance.now();
  try {
    for (let n = 0; n < 10; n += 1) {
      await client.flushall();
      trial.struck();
      await delay(trial.random.between(20, 150));
    }
  } finally {
    client.disconnect();
  }
  return trial.journal.longestGap(began, performance.now());
}
