import { setTimeout as delay } from 'node:timers/promises';
import type { FaultRule } from '../../../dev/stripe/index.js';
import { inWords } from '../harness/journal.js';
import { type Row, so } from '../harness/row.js';
import { type Trial, tryOut } from '../harness/trial.js';

/** Within which a buyer is answered, whatever Stripe does. */
const ANSWERS_WITHIN_MS = 15_000;
/** Calls that were under way when Stripe came back have their whole deadline, and whoever was claimed for them. */
const AFTERMATH_MS = 15_000;

/** Of fewer purchases, half say nothing. */
const FEW = 10;

interface Trouble {
  readonly what: string;
  readonly lastsMs: number;
  readonly rule?: FaultRule;
}

export const stripeInTrouble: Row = {
  name: 'stripe',
  fault: 'Stripe stalls, is cut off, answers 429 and 500, loses its reply after the effect',
  checks:
    'answers within 15 s; one session per attempt; inventory back; who pays nothing is not kept waiting',
  run: (context) =>
    tryOut(context, { name: 'stripe' }, async (trial) => {
      const longer = so(context, 1, 5);
      const troubles: readonly Trouble[] = [
        { what: '500', lastsMs: 1_500 * longer, rule: { kind: 'error', status: 500 } },
        {
          what: '500 after the effect',
          lastsMs: 1_500 * longer,
          rule: { kind: 'error', status: 500, afterEffect: true },
        },
        { what: '429', lastsMs: 1_500 * longer, rule: { kind: 'error', status: 429, retryAfterSeconds: 1 } },
        { what: 'reply lost', lastsMs: 2_000 * longer, rule: { kind: 'reply-lost' } },
        { what: 'cut off', lastsMs: 1_500 * longer },
        { what: 'stalled', lastsMs: 13_000 * Math.min(longer, 3), rule: { kind: 'stall' } },
      ];
      const rounds = so(context, 1, 3);
      const seen: string[] = [];
      for (let round = 0; round < rounds; round += 1) {
        for (const trouble of troubles) seen.push(await endure(trial, trouble));
      }
      return seen.slice(-troubles.length).join('; ');
    }),
};

async function endure(trial: Trial, { what, lastsMs, rule }: Trouble): Promise<string> {
  const { cluster, journal, sampler, usual } = trial;
  trial.progress(what);
  const began = performance.now();
  const undo = sampler.excuseHolds();
  if (rule) await cluster.stripe.faults.add(rule);
  else for (const { ways } of cluster.members) ways.stripe.cut();
  trial.struck();
  await delay(lastsMs);
  const ended = performance.now();
  await cluster.stripe.faults.clear();
  for (const { ways } of cluster.members) ways.stripe.heal();
  await trial.crowd.buys(5);
  setTimeout(undo, AFTERMATH_MS).unref();
  const asked = journal.between(began, ended);
  const slowest = Math.max(0, ...asked.map(({ took }) => took));
  trial.demandWithin(
    { ms: slowest, from: began },
    trial.limit(ANSWERS_WITHIN_MS, usual.freeMs),
    `${what}: a buyer was not answered`,
  );
  const free = journal.usualFree(began, ended);
  const count = asked.filter(({ free: isFree, outcome }) => isFree && outcome === 'BOUGHT').length;
  if (count >= FEW) {
    trial.demandWithin(
      { ms: free, from: began },
      trial.limit(1_000, usual.freeMs),
      `${what}: half of those who bought free tickets waited`,
    );
  }
  return `${what}: ${inWords(journal.outcomes(began, ended))}`;
}
