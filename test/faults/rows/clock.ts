import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { Member } from '../harness/member.js';
import { type Row, so } from '../harness/row.js';
import { type Trial, tryOut } from '../harness/trial.js';

const JUMP_MS = 10 * 60_000;
const GIVEN_BACK_WITHIN_MS = 10_000;

export const clockJumps: Row = {
  name: 'clock',
  fault: "the servers' clocks jump 10 min either way, of one and of all; PostgreSQL's likewise",
  checks: 'every hold is given back, once, and in time by the clock that is right',
  run: (context) => {
    const file = join(mkdtempSync(join(context.directory, 'clock-')), 'offset');
    const clock = pathToFileURL('dist/test/faults/harness/jumping-clock.js').href;
    return tryOut(
      context,
      { name: 'clock', nodeOptions: ['--import', clock], environment: { CLOCK_FILE: file } },
      async (trial) => {
        const { members } = trial.cluster;
        const rounds = so(context, 1, 5);
        const waitMs = so(context, 1_500, 12_000);
        for (let round = 0; round < rounds; round += 1) {
          for (const who of [members.slice(0, 1), members]) {
            for (const jump of [JUMP_MS, 0, -JUMP_MS, 0]) {
              trial.progress(`${who.length} of ${members.length} by ${jump / 60_000} min`);
              await jumpTo(trial, who, file, jump, waitMs);
            }
          }
          // Back, and forth again: holds of before are then as long as they were, and those of in between are over.
          await databaseJumps(trial, -JUMP_MS);
          await databaseJumps(trial, JUMP_MS);
        }
        const { rows } = await trial.cluster.pool.query<{ count: number }>(
          "select count(*)::int from orders where status in ('EXPIRED', 'CANCELLED')",
        );
        return `${rows[0]?.count} holds were given back`;
      },
    );
  },
};

async function jumpTo(
  trial: Trial,
  who: readonly Member[],
  file: string,
  milliseconds: number,
  waitMs: number,
): Promise<void> {
  writeFileSync(file, String(milliseconds));
  for (const member of who) member.signal('SIGUSR2');
  if (milliseconds !== 0) trial.struck();
  await delay(waitMs);
}

/** To PostgreSQL, whose clock is also every other program's here, its jump is one of all that is stored, the other way. */
async function databaseJumps(
  { cluster, struck, crowd, sampler, limit, usual }: Trial,
  milliseconds: number,
): Promise<void> {
  // Holds that were minutes away from their end are minutes past it, all at once.
  const undo = sampler.excuseHolds();
  await cluster.pool.query(
    `update orders set expires_at = expires_at - make_interval(secs => $1), check_at = check_at - make_interval(secs => $1)
     where status = 'PENDING'`,
    [milliseconds / 1000],
  );
  struck();
  await Promise.all([crowd.buys(10), delay(limit(GIVEN_BACK_WITHIN_MS, usual.freeMs))]);
  undo();
}
