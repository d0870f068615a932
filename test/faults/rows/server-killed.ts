import { setTimeout as delay } from 'node:timers/promises';
import { STEPS } from '../harness/ears.js';
import type { Member } from '../harness/member.js';
import { type Row, so } from '../harness/row.js';
import { type Trial, tryOut } from '../harness/trial.js';

/** Within which a restarted server serves. */
const SERVES_WITHIN_MS = 10_000;

export const serverKilled: Row = {
  name: 'server-killed',
  fault: 'server `kill -9`, at random instants and at each step of a purchase',
  checks: 'serves 10 s after its restart; nobody waits longer than LOCK_TTL_MS for a dead one',
  run: (context) =>
    tryOut(context, { name: 'server-killed', servers: 3 }, async (trial) => {
      const times = so(context, 4, 200);
      let slowest = 0;
      let longest = 0;
      for (let n = 0; n < times; n += 1) {
        if (context.quick || n % 10 === 0) trial.progress(`kill ${n + 1} of ${times}`);
        const { started, blocked } = await killOnce(trial, n);
        slowest = Math.max(slowest, started);
        longest = Math.max(longest, blocked);
      }
      return `serves again after ${(slowest / 1000).toFixed(1)} s at most; others waited ${Math.round(longest)} ms at most`;
    }),
};

async function killOnce(trial: Trial, n: number): Promise<{ started: number; blocked: number }> {
  const { cluster, random, journal } = trial;
  const victim = cluster.members[Math.floor(random.next() * cluster.members.length)] as Member;
  let killing: Promise<void> | undefined;
  const kill = () => {
    killing = victim.kill();
  };
  if (n % 2 === 0) {
    await delay(random.between(0, 400));
    kill();
  } else {
    // Also where it holds its locks, and rows of PostgreSQL.
    await victim.reaches(new Set([STEPS[Math.floor(n / 2) % STEPS.length] as string]), kill);
  }
  const died = performance.now();
  await killing;
  trial.struck();
  const limit = trial.limit(cluster.lockTtlMs, trial.usual.gapMs);
  await delay(limit + 500);
  const blocked = journal.longestGap(died, performance.now());
  trial.demandWithin({ ms: blocked, from: died }, limit, 'after a server had died, nobody bought anything');
  const from = performance.now();
  const started = await victim.start();
  trial.demandWithin(
    { ms: started, from },
    trial.limit(SERVES_WITHIN_MS, cluster.startMs),
    'a restarted server did not serve',
  );
  return { started, blocked };
}
