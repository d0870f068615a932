import { setTimeout as delay } from 'node:timers/promises';
import { inWords } from '../harness/journal.js';
import { type Row, so } from '../harness/row.js';
import { type Trial, tryOut } from '../harness/trial.js';

/** Recovers by itself within, after it is back; in milliseconds, besides what starting takes on this machine. */
const RECOVERS_WITHIN_MS = 10_000;

export const postgresLost: Row = {
  name: 'postgres-lost',
  fault: 'PostgreSQL `kill -9`, restarted, its connections reset',
  checks: 'errors that may be tried again; no half order; recovery by itself',
  run: (context) =>
    tryOut(context, { name: 'postgres-lost' }, async (trial) => {
      const { postgres, members } = trial.cluster;
      const rounds = so(context, 1, 10);
      const began = performance.now();
      for (let round = 0; round < rounds; round += 1) {
        trial.progress(`round ${round + 1} of ${rounds}`);
        for (let n = 0; n < 3; n += 1) {
          for (const { ways } of members) ways.postgres.reset();
          trial.struck();
          await trial.crowd.buys(3);
        }
        await away(trial, () => postgres.kill());
        await away(trial, () => postgres.stop());
      }
      demandRetryable(trial, began);
      return `buyers saw ${inWords(trial.journal.outcomes(began))}`;
    }),
};

export const commitReplyLost: Row = {
  name: 'commit-reply-lost',
  fault: 'COMMIT done, its reply lost',
  checks: 'the same purchase sent again finds the first order',
  run: (context) =>
    tryOut(context, { name: 'commit-reply-lost' }, async (trial) => {
      const times = so(context, 20, 300);
      let lost = 0;
      for (const { steps } of trial.cluster.members) {
        steps.losesCommit = () => {
          const strikes = lost < times && trial.random.next() < 0.15;
          if (strikes) {
            lost += 1;
            trial.struck();
          }
          return strikes;
        };
      }
      const began = performance.now();
      while (lost < times) await trial.crowd.buys(1);
      demandRetryable(trial, began);
      return `buyers saw ${inWords(trial.journal.outcomes(began))}`;
    }),
};

/** PostgreSQL goes, stays away for a moment, and comes back. */
async function away(trial: Trial, go: () => Promise<void>): Promise<void> {
  const { cluster, random, sampler } = trial;
  const undo = sampler.excuseHolds();
  await go();
  trial.struck();
  await delay(random.between(300, 1_500));
  await cluster.postgres.start();
  const back = performance.now();
  await trial.crowd.buys(5);
  const took = performance.now() - back;
  trial.demandWithin(
    { ms: took, from: back },
    trial.limit(RECOVERS_WITHIN_MS, cluster.startMs),
    'after PostgreSQL was back, not even five bought',
  );
  undo();
}

/** Whoever was not served must have been told that asking again is right. */
export function demandRetryable({ journal, demand }: Trial, from: number): void {
  for (const { outcome, mayAskAgain } of journal.between(from)) {
    demand(
      outcome === 'BOUGHT' || outcome === 'SOLD_OUT' || mayAskAgain,
      `a buyer was answered ${outcome}, without when to ask again`,
    );
  }
}
