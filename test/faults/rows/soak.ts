import { setTimeout as delay } from 'node:timers/promises';
import { STEPS } from '../harness/ears.js';
import { type Member, PROBE } from '../harness/member.js';
import { NotJudged, type Row, type RowContext, so } from '../harness/row.js';
import { type Trial, tryOut } from '../harness/trial.js';

/** Of the time, before memory is measured first. */
const WARM_UP = 0.3;
/** How much more of it may be live at the end than after the warm-up: what a longer journal of its own caches takes. */
const GROWTH = 1.25;
/** The heap after a collection says nothing over a few minutes. */
const JUDGED_FROM_MINUTES = 10;

type Fault = (trial: Trial, victim: Member) => Promise<void>;

/** Each strikes, and is over when it resolves. */
const FAULTS: Readonly<Record<string, Fault>> = {
  'a server killed': async (_trial, victim) => {
    await victim.kill();
    await victim.start();
  },
  'a server stopped': async ({ random, cluster }, victim) => {
    const from = Math.floor(random.next() * STEPS.length);
    await victim.reaches(new Set(STEPS.slice(from)), () => victim.signal('SIGSTOP'));
    await delay(cluster.lockTtlMs * 1.3);
    victim.signal('SIGCONT');
  },
  'Redis killed': async ({ cluster }) => {
    await cluster.redis[0]?.kill();
    await delay(3_000);
    await cluster.redis[0]?.start();
  },
  'Redis stopped': async ({ cluster }) => {
    cluster.redis[0]?.signal('SIGSTOP');
    await delay(8_000);
    cluster.redis[0]?.signal('SIGCONT');
  },
  'one server cut off from Redis': async (_trial, victim) => {
    for (const way of victim.ways.redis) way.cut();
    await delay(4_000);
  },
  'PostgreSQL killed': async ({ cluster }) => {
    await cluster.postgres.kill();
    await cluster.postgres.start();
  },
  'one server cut off from PostgreSQL': async (_trial, victim) => {
    victim.ways.postgres.cut();
    await delay(3_000);
  },
  'PostgreSQL slow': async ({ cluster }) => {
    for (const { ways } of cluster.members) ways.postgres.delay(30);
    await delay(4_000);
  },
  'replies of PostgreSQL lost': async (_trial, victim) => {
    victim.ways.postgres.dropReplies();
    await delay(2_000);
  },
  'commits whose replies are lost': async ({ random }, victim) => {
    victim.steps.losesCommit = () => random.next() < 0.3;
    await delay(3_000);
    victim.steps.losesCommit = undefined;
  },
  'Stripe fails': async ({ cluster }) => {
    await cluster.stripe.faults.add({ kind: 'error', status: 500 });
    await delay(4_000);
    await cluster.stripe.faults.clear();
  },
  'replies of Stripe lost': async ({ cluster }) => {
    await cluster.stripe.faults.add({ kind: 'reply-lost', times: 10 });
    await delay(4_000);
    await cluster.stripe.faults.clear();
  },
  'Stripe hangs for one server': async (_trial, victim) => {
    victim.ways.stripe.hang();
    await delay(6_000);
  },
  'mail away': async ({ cluster }) => {
    for (const { ways } of cluster.members) ways.smtp.cut();
    await delay(5_000);
  },
};

export const soak: Row = {
  name: 'soak',
  isLong: true,
  fault: 'load with a random fault each minute, for 30 minutes (every 6 s for one in the short form)',
  checks: 'memory of a server that lives through it all stays flat after a warm-up',
  run: (context) =>
    tryOut(context, { name: 'soak', servers: 3, nodeOptions: PROBE }, (trial) => endure(trial, context)),
};

async function endure(trial: Trial, context: RowContext): Promise<string> {
  const minutes = so(context, 1, context.soakMinutes);
  const everyMs = so(context, 6_000, 60_000);
  const [first, ...others] = trial.cluster.members as [Member, ...Member[]];
  const began = performance.now();
  const struck: Record<string, number> = {};
  let warm = 0;
  while (performance.now() - began < minutes * 60_000) {
    const next = performance.now() + everyMs;
    // The first is never killed, for its memory to be followed; all else happens to it too.
    const names = Object.keys(FAULTS);
    const name = names[Math.floor(trial.random.next() * names.length)] as string;
    const victim = name === 'a server killed' ? anyOf(trial, others) : anyOf(trial, [first, ...others]);
    trial.progress(`${name} (${victim.name})`);
    if (await strike(trial, FAULTS[name] as Fault, victim)) struck[name] = (struck[name] ?? 0) + 1;
    await delay(Math.max(0, next - performance.now()));
    if (warm === 0 && performance.now() - began > minutes * 60_000 * WARM_UP) {
      warm = await first.heapMiB();
      trial.progress(`after the warm-up: ${warm.toFixed(1)} MiB`);
    }
  }
  const end = await first.heapMiB();
  const judged = minutes >= JUDGED_FROM_MINUTES;
  trial.demand(
    !judged || end <= warm * GROWTH,
    `memory grew from ${warm.toFixed(1)} to ${end.toFixed(1)} MiB`,
  );
  return `${Object.keys(struck).length} kinds of faults in ${minutes} min; heap ${warm.toFixed(0)} MiB after the warm-up, ${end.toFixed(0)} MiB at the end`;
}

/** @returns whether it came to it */
async function strike(trial: Trial, fault: Fault, victim: Member): Promise<boolean> {
  const { cluster, sampler, crowd } = trial;
  const undo = sampler.excuseHolds();
  const struck = await fault(trial, victim).then(
    () => true,
    (error: unknown) => {
      if (error instanceof NotJudged) return false;
      throw error;
    },
  );
  if (struck) trial.struck();
  cluster.heal();
  await crowd.buys(5);
  // Whoever was in the middle of asking has its deadline, and then somebody else takes over.
  setTimeout(undo, 20_000).unref();
  return struck;
}

function anyOf({ random }: Trial, members: readonly Member[]): Member {
  return members[Math.floor(random.next() * members.length)] as Member;
}
