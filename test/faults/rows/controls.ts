import { setTimeout as delay } from 'node:timers/promises';
import type { Step } from '../harness/ears.js';
import { type Row, type RowContext, so } from '../harness/row.js';
import { type Trial, type TrialOptions, tryOut } from '../harness/trial.js';
import { SHORT_LOCKS, stopAt } from './server-stopped.js';

/** How often a fault is injected before its failure has to have been seen. */
const MOST_TRIES = 40;

const COUNTERS_DIFFER = /ticket \d+: (held|sold) is \d+, but its \w+ orders (hold|bought) \d+/;

type Control = Pick<Row, 'name' | 'fault' | 'checks'> & {
  /** Of `test/support/unguarded-server.ts`; the constraint on the counters goes with them. */
  readonly removed?: readonly string[];
  readonly options?: Partial<TrialOptions>;
  /** What has to be seen, in the words of the invariants. */
  readonly sees: RegExp;
  /** Injects the fault once. */
  readonly strike: (trial: Trial, context: RowContext) => Promise<void>;
};

const CONTROLS: readonly Control[] = [
  {
    name: 'control-server-killed',
    fault: '`kill -9`, counters and order in two transactions',
    checks: 'counters that no order explains are seen',
    removed: ['transaction'],
    sees: COUNTERS_DIFFER,
    strike: async ({ cluster, random }) => {
      const victim = cluster.members[Math.floor(random.next() * cluster.members.length)];
      await victim?.reaches(new Set<Step>(['inserts the order', 'commits']), () => void victim.kill());
      await victim?.start();
    },
  },
  {
    name: 'control-server-stopped',
    fault: "SIGSTOP past the lock's TTL, counters written absolutely, lost locks not asked about",
    checks: "the stale holder's write is seen",
    removed: ['counters', 'lost-locks'],
    sees: COUNTERS_DIFFER,
    options: { environment: SHORT_LOCKS },
    strike: async (trial) => void (await stopAt(trial, 'inserts the order')),
  },
  {
    name: 'control-redis-lost',
    fault: 'Redis killed, counters written absolutely',
    checks: 'what is sold twice is seen',
    removed: ['counters'],
    sees: COUNTERS_DIFFER,
    strike: async ({ cluster }) => {
      await cluster.redis[0]?.kill();
      await delay(1_500);
      await cluster.redis[0]?.start();
    },
  },
  {
    name: 'control-answer-lost',
    fault: "the server's answer lost, and no idempotency key sent",
    checks: 'one purchase that made two orders is seen',
    options: { withoutKeys: true },
    sees: /one purchase made \d+ orders/,
    strike: async ({ cluster, crowd }) => {
      cluster.front.losesAnswer = () => Math.random() < 0.3;
      await crowd.buys(5);
      cluster.front.losesAnswer = undefined;
    },
  },
  {
    name: 'control-stripe',
    fault: 'replies of Stripe lost after the effect, its idempotency keys taken away',
    checks: 'two sessions of one order are seen',
    sees: /attempt 1, has \d+ sessions at Stripe/,
    options: {
      rewriteToStripe: (chunk) =>
        Buffer.from(
          chunk.toString('latin1').replace(/\r\nIdempotency-Key:/i, '\r\nX-Was-Idempotent:'),
          'latin1',
        ),
    },
    strike: async ({ cluster, crowd }) => {
      await cluster.stripe.faults.add({
        kind: 'reply-lost',
        times: 2,
        match: { method: 'POST', path: 'checkout/sessions$' },
      });
      await crowd.buys(5);
      await cluster.stripe.faults.clear();
    },
  },
];

export const controls: readonly Row[] = CONTROLS.map((control) => ({
  name: control.name,
  fault: control.fault,
  checks: control.checks,
  isControl: true,
  run: (context) => runControl(control, context),
}));

function runControl(control: Control, context: RowContext) {
  const { name, removed, options, strike, sees } = control;
  const unguarded = removed && {
    entry: 'dist/test/support/unguarded-server.js',
    prepareDatabase: 'alter table ticket drop constraint ticket_never_oversold',
  };
  const environment = {
    ...options?.environment,
    ...(removed && { GUARDS_REMOVED: removed.join(',') }),
  };
  return tryOut(context, { ...options, ...unguarded, environment, name, withoutEnd: true }, async (trial) => {
    const tries = so(context, MOST_TRIES, MOST_TRIES * 2);
    for (let n = 0; n < tries; n += 1) {
      trial.progress(`try ${n + 1}`);
      await strike(trial, context);
      trial.struck();
      const seen = (await trial.failuresSoFar()).find((sentence) => sees.test(sentence));
      if (seen === undefined) continue;
      trial.demand(false, seen.match(sees)?.[0] ?? seen);
      break;
    }
    return 'no failure';
  });
}
