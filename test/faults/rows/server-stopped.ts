import { setTimeout as delay } from 'node:timers/promises';
import { STEPS, type Step } from '../harness/ears.js';
import type { Member } from '../harness/member.js';
import { type Row, so } from '../harness/row.js';
import { type Trial, tryOut } from '../harness/trial.js';

/** So that it is over soon after its holder stops. */
export const SHORT_LOCKS = { LOCK_TTL_MS: '800' };

export const serverStopped: Row = {
  name: 'server-stopped',
  fault: "server SIGSTOP past its lock's TTL, at each step of a purchase",
  checks: "the stale holder's write is refused or harmless",
  run: (context) =>
    tryOut(context, { name: 'server-stopped', environment: SHORT_LOCKS }, async (trial) => {
      const times = so(context, STEPS.length, 100);
      for (let n = 0; n < times; n += 1) {
        if (n % 10 === 0) trial.progress(`stop ${n + 1} of ${times}`);
        await stopAt(trial, STEPS[n % STEPS.length] as Step);
      }
      return `stopped at each of ${STEPS.length} steps; ${goneOn(trial)} bought meanwhile`;
    }),
};

const stoppedTimes = new WeakMap<Trial, (readonly [number, number])[]>();

/** Stops a server in the instant in which it comes to this step, and lets it go on when its locks have run out. */
export async function stopAt(trial: Trial, step: Step): Promise<void> {
  const { cluster, random } = trial;
  const victim = cluster.members[Math.floor(random.next() * cluster.members.length)] as Member;
  await victim.reaches(new Set([step]), () => victim.signal('SIGSTOP'));
  const stopped = performance.now();
  // It is the one that looks after holds, or has claimed some.
  const undo = trial.sampler.excuseHolds();
  trial.struck();
  await delay(cluster.lockTtlMs + random.between(200, 600));
  victim.signal('SIGCONT');
  const times = stoppedTimes.get(trial) ?? [];
  stoppedTimes.set(trial, times);
  times.push([stopped, performance.now()]);
  // What it has missed comes first.
  await delay(300);
  undo();
}

function goneOn(trial: Trial): number {
  return (stoppedTimes.get(trial) ?? []).reduce(
    (sum, [from, until]) => sum + (trial.journal.outcomes(from, until).BOUGHT ?? 0),
    0,
  );
}
