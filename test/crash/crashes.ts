import { expectAgreement } from './agreement.js';
import type { CrashWorld } from './crash-world.js';
import { newSubject, type Scenario } from './subject.js';

/** One life of an order in which the process died, or, where it is not said at what, did not. */
export interface Life {
  readonly scenario: string;
  readonly struckAt: string | undefined;
  /** Every boundary that the process came to. */
  readonly passed: readonly string[];
  /** As what the order ended. */
  readonly end: string;
}

/**
 * Lives one order's life, in which the process is killed at its `at`-th boundary if there are so many, and started
 * again.
 *
 * @throws when anything is lost, double or left behind
 */
export async function live(world: CrashWorld, scenario: Scenario, at: number): Promise<Life> {
  const subject = newSubject(world, scenario.ticket);
  await world.keepSellerSignedIn();
  await scenario.prepare?.(world, subject);
  const { whenStruck } = world.boundaries.arm(at, () => world.kill());
  const acted = scenario.act(world, subject).then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  const failure = await Promise.race([acted, whenStruck]);
  if (world.boundaries.hasStruck) await whenStruck;
  const { struckAt, passed } = world.boundaries.disarm();
  let interruptedJobs: string[] = [];
  if (struckAt !== undefined) {
    interruptedJobs = await jobsUnderWay(world);
    await world.restart();
    await sendAgain(world);
  } else if (failure !== undefined) {
    throw new Error(`${scenario.name}: failed though nothing was killed`, { cause: failure.error });
  }
  await scenario.afterwards?.(world, subject);
  const end = await expectAgreement(world, scenario, subject, { struckAt, interruptedJobs });
  return { scenario: scenario.name, struckAt, passed, end };
}

async function jobsUnderWay({ database }: CrashWorld): Promise<string[]> {
  const { rows } = await database.pool.query<{ task_identifier: string }>(
    'select task_identifier from graphile_worker.jobs where locked_at is not null',
  );
  return rows.map((row) => row.task_identifier);
}

/** What was not answered comes again, as it does from Stripe for three days. */
async function sendAgain({ stripe }: CrashWorld): Promise<void> {
  const attempts = await stripe.webhooks.attempts();
  const arrived = new Set(attempts.filter(({ delivered }) => delivered).map(({ eventId }) => eventId));
  const missing = attempts.map(({ eventId }) => eventId).filter((eventId) => !arrived.has(eventId));
  await stripe.webhooks.deliver([...new Set(missing)]);
}
