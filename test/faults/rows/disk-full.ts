import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { inWords } from '../harness/journal.js';
import type { PrivatePostgres } from '../harness/prepared.js';
import { type Outcome, type Row, type RowContext, so } from '../harness/row.js';
import { type Trial, tryOut } from '../harness/trial.js';
import { demandRetryable } from './postgres.js';

const DISK = '400m';
/** Small files of the log, so that a full disk is met soon. */
const SETTINGS = { max_wal_size: '64MB', min_wal_size: '32MB', wal_recycle: 'off' };
const FULL_FOR_MS = 4_000;

export const diskFull: Row = {
  name: 'disk-full',
  fault: 'disk full for PostgreSQL (a small tmpfs of its own)',
  checks: 'errors that may be tried again; recovery without repair by hand, once there is room',
  run: async (context) => {
    const place = mkdtempSync(join(context.directory, 'disk-'));
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK}`, 'tmpfs', place], { stdio: 'pipe' });
    } catch (error) {
      return notRun(error);
    }
    try {
      return await fillUp(context, place);
    } finally {
      execFileSync('umount', ['-l', place]);
    }
  },
};

function notRun(error: unknown): Outcome {
  const why = String((error as { stderr?: Buffer }).stderr ?? error).trim();
  return { times: 0, seen: '', broken: [], skipped: `a disk of its own cannot be mounted here (${why})` };
}

function fillUp(context: RowContext, place: string): Promise<Outcome> {
  const options = {
    name: 'disk-full',
    postgresPlace: place,
    postgresSettings: SETTINGS,
    prepareDatabase: 'create table ballast (text text)',
  };
  return tryOut(context, options, async (trial) => {
    const rounds = so(context, 1, 10);
    const began = performance.now();
    let died = 0;
    await using service = keepRunning(trial.cluster.postgres, () => {
      died += 1;
    });
    for (let round = 0; round < rounds; round += 1) {
      trial.progress(`round ${round + 1} of ${rounds}`);
      const undo = trial.sampler.excuseHolds();
      const ballast = join(place, 'ballast');
      const { bavail, bsize } = statfsSync(place);
      writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - 256 * 1024), 1));
      trial.struck();
      await untilErrors(trial, FILLERS[round % FILLERS.length] as string);
      await delay(FULL_FOR_MS);
      rmSync(ballast);
      await service.untilUp();
      await trial.cluster.pool.query('truncate ballast').catch(() => undefined);
      await trial.crowd.buys(10);
      undo();
    }
    demandRetryable(trial, began);
    return `PostgreSQL gave up ${died} times and was started again; buyers saw ${inWords(trial.journal.outcomes(began))}`;
  });
}

/**
 * What somebody else writes until nothing is left: the log, without which PostgreSQL gives up, or a table. What goes
 * into the table is random, or it would be stored in a fraction of its size.
 */
const FILLERS = [
  "select pg_logical_emit_message(true, 'ballast', repeat('x', 4000000))",
  "insert into ballast select string_agg(md5(random()::text), '') from generate_series(1, 20000)",
];

/** Until a buyer has met the full disk. */
async function untilErrors({ cluster, journal, demand }: Trial, filler: string): Promise<void> {
  const from = performance.now();
  const isFailed = (outcome: string) => !['BOUGHT', 'SOLD_OUT', 'INVENTORY_BUSY'].includes(outcome);
  while (!journal.between(from).some(({ outcome }) => isFailed(outcome))) {
    if (performance.now() - from > 60_000) {
      demand(false, 'the disk was full, and nobody noticed');
      return;
    }
    await cluster.pool.query(filler).catch(() => delay(50));
  }
}

/** What systemd or Kubernetes does for PostgreSQL: starts it again when it has ended. */
function keepRunning(
  postgres: PrivatePostgres,
  onDeath: () => void,
): AsyncDisposable & { untilUp(): Promise<void> } {
  let stopped = false;
  const running = (async () => {
    while (!stopped) {
      if (postgres.pid === undefined) {
        onDeath();
        await postgres.start().catch(() => delay(500));
      }
      await delay(100);
    }
  })();
  return {
    async untilUp() {
      while (postgres.pid === undefined) await delay(50);
    },
    async [Symbol.asyncDispose]() {
      stopped = true;
      await running;
    },
  };
}
