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
      let bought = 0;
      for (let n = 0; n < times; n += 1) {
        if (context.quick || n % 10 === 0) trial.progress(`stop ${n + 1} of ${times}`);
        bought += await stopAt(trial, STEPS[n % STEPS.length] as Step);
      }
      return `stopped at each of ${STEPS.length} steps; ${bought} bought meanwhile`;
    }),
};

/**
 * Stops a server in the instant in which it comes to this step, and lets it go on when its locks have run out.
 *
 * @returns how many bought something meanwhile
 */
export async function stopAt(trial: Trial, step: Step): Promise<number> {
  const { cluster, random } = trial;
  const victim = cluster.members[Math.floor(random.next() * cluster.members.length)] as Member;
  await victim.reaches(new Set([step]), () => victim.signal('SIGSTOP'));
  const stopped = performance.now();
  // It is the one that looks after holds, or has claimed some.
  const undo = trial.sampler.excuseHolds();
  trial.struck();
  await delay(cluster.lockTtlMs + random.between(200, 600));
  victim.signal('SIGCONT');
  const bought = trial.journal.outcomes(stopped, performance.now()).BOUGHT ?? 0;
  // What it has missed comes first.
  await delay(300);
  undo();
  return bought;
}
