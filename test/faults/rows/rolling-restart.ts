import { inWords } from '../harness/journal.js';
import { type Row, type RowContext, so } from '../harness/row.js';
import { type Trial, tryOut } from '../harness/trial.js';

/** Draining for longer than the proxy in front needs to notice; nobody gives up waiting for locks, however slow the machine. */
const PATIENT = { DRAIN_DELAY_MS: '4000', LOCK_TTL_MS: '10000', LOCK_WAIT_MS: '60000' };

/** How long the proxy may take to send to a server that is ready again, which it asks five times a second. */
const NOTICED_WITHIN_MS = 60_000;

export const rollingRestart: Row = {
  name: 'rolling-restart',
  fault: 'rolling restart under load, SIGTERM one by one',
  checks: 'no purchase fails, not even once; every server ends with 0',
  run: (context) => restartAll(context, 'rolling-restart', false),
};

export const rollingKill: Row = {
  name: 'control-rolling-kill',
  fault: 'the same without draining: `kill -9` one by one',
  checks: 'purchases that fail are seen',
  isControl: true,
  run: (context) => restartAll(context, 'control-rolling-kill', true),
};

function restartAll(context: RowContext, name: string, byForce: boolean) {
  return tryOut(context, { name, servers: 3, environment: PATIENT, buyers: 12 }, async (trial) => {
    const { members } = trial.cluster;
    const rounds = so(context, 1, 10);
    const began = performance.now();
    for (let round = 0; round < rounds; round += 1) {
      for (const member of members) {
        trial.progress(`round ${round + 1} of ${rounds}, ${member.name}`);
        if (byForce) await member.reaches(new Set(['inserts the order']), () => void member.kill());
        else trial.demand((await member.stop()) === 0, `${member.name} did not end with 0`);
        trial.struck();
        await member.start();
        await trial.cluster.front.sendsToAll(NOTICED_WITHIN_MS);
      }
    }
    return demandAllServed(trial, began);
  });
}

function demandAllServed({ journal, demand }: Trial, from: number): string {
  const outcomes = journal.outcomes(from);
  for (const [outcome, count] of Object.entries(outcomes)) {
    demand(['BOUGHT', 'SOLD_OUT'].includes(outcome), `${count} purchases failed with ${outcome}`);
  }
  return `buyers saw ${inWords(outcomes)}`;
}
