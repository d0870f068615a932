import { tryPurchase } from '../support/fixtures.js';
import { expectData, expectError } from '../support/graphql-client.js';
import { createCheckout, type GivenUp } from '../support/order-life.js';
import type { CrashWorld } from './crash-world.js';
import { type Scenario, type Subject, sessionOf, timeRunsOut } from './subject.js';

const UNREACHABLE = { kind: 'reset', match: { method: 'POST', path: 'checkout/sessions$' } } as const;

async function buyInVain({ server, stripe }: CrashWorld, { input }: Subject): Promise<GivenUp> {
  await stripe.faults.add(UNREACHABLE);
  const failure = expectError(await tryPurchase(server, input), 'PAYMENT_PROVIDER_UNAVAILABLE');
  await stripe.faults.clear();
  return failure.extensions as unknown as GivenUp;
}

async function askAgain({ server }: CrashWorld, subject: Subject): Promise<void> {
  subject.bought = expectData(await createCheckout(server, subject.givenUp!)).createCheckout;
}

/** Where the page to pay on could not be made at first. */
export const PAGE_SCENARIOS: readonly Scenario[] = [
  {
    name: 'a page that could not be made',
    async act(world, subject) {
      await buyInVain(world, subject);
    },
    async afterwards(world, subject) {
      await world.stripe.faults.clear();
      await timeRunsOut(world, subject);
    },
    ends: ['none', 'CANCELLED + UNPAID', 'EXPIRED + UNPAID'],
  },
  {
    name: 'a page that is asked for again, and paid on',
    async prepare(world, subject) {
      const { orderId, accessToken } = await buyInVain(world, subject);
      subject.givenUp = { orderId, ...(accessToken !== undefined && { accessToken }) };
    },
    act: askAgain,
    async afterwards(world, subject) {
      await askAgain(world, subject);
      await world.stripe.pay(sessionOf(subject));
    },
    ends: ['CONFIRMED + PAID'],
  },
];
