import { eventually } from '../support/eventually.js';
import { createPublishedShow } from '../support/fixtures.js';
import { expectData, graphql } from '../support/graphql-client.js';
import { paidOrder } from '../support/money.js';
import { type RefundInput, tryRefund } from '../support/refunds.js';
import type { CrashWorld } from './crash-world.js';
import { becomeConfirmed, deliverNewest, isDoneAs, type Scenario, type Subject } from './subject.js';

const PAID = 'CONFIRMED + PAID';
const REFUNDED = 'CONFIRMED + REFUNDED';

async function refund(
  { server, seller }: CrashWorld,
  { bought, input }: Subject,
  which: Partial<RefundInput>,
) {
  const wanted = { orderId: bought!.order.id, restock: true, idempotencyKey: input.idempotencyKey, ...which };
  expectData(await tryRefund(server, seller.token, wanted));
}

const refundOne = (world: CrashWorld, subject: Subject) =>
  refund(world, subject, { attendeeIds: [subject.bought!.order.attendees[0]!.id] });

/** A confirmed order of a show of its own. */
async function becomeConfirmedAlone(world: CrashWorld, subject: Subject): Promise<void> {
  const { server, seller, show } = world;
  const own = await createPublishedShow(server, seller.token, {
    producerId: show.producerId,
    tickets: [{ price: 2500, quantity: 10 }],
  });
  const items = [{ ticketId: own.tickets[0]!.id, quantity: 2 }];
  subject.input = { ...subject.input, showId: own.id, items };
  await becomeConfirmed(world, subject);
}

async function callOff({ server, seller }: CrashWorld, { input }: Subject): Promise<void> {
  const document = 'mutation CallOff($id: ID!) { cancelShow(id: $id) { status } }';
  expectData(await graphql(server, document, { id: input.showId }, { token: seller.token }));
}

async function isCalledOff(world: CrashWorld, subject: Subject): Promise<void> {
  const done = "select from show_cancellation where show_id = $1 and status = 'DONE'";
  await eventually(
    `all orders of show ${subject.input.showId} are given back`,
    async () => (await world.database.pool.query(done, [subject.input.showId])).rowCount === 1,
    60_000,
  );
  await isDoneAs(world, subject, REFUNDED);
}

async function becomeDisputed(world: CrashWorld, subject: Subject): Promise<void> {
  await becomeConfirmed(world, subject);
  const { chargeId } = await paidOrder(world, subject.bought!);
  subject.disputeId = (await world.stripe.openDispute(chargeId)).id;
}

async function hearOfDispute(world: CrashWorld, subject: Subject): Promise<void> {
  await deliverNewest(world, subject, 'charge.dispute.created', subject.disputeId!);
}

function disputeThatIs(outcome: 'won' | 'lost', end: string): Scenario {
  return {
    name: `a dispute that is ${outcome}`,
    async prepare(world, subject) {
      await becomeDisputed(world, subject);
      await hearOfDispute(world, subject);
      await world.stripe.closeDispute(subject.disputeId!, outcome);
    },
    act: (world, subject) => deliverNewest(world, subject, 'charge.dispute.closed', subject.disputeId!),
    ends: [end],
  };
}

/** What becomes of the money after the confirmation. */
export const MONEY_SCENARIOS: readonly Scenario[] = [
  {
    name: 'a refund of one of two tickets, which the seller asks for again',
    prepare: becomeConfirmed,
    act: refundOne,
    afterwards: refundOne,
    ends: ['CONFIRMED + PARTIALLY_REFUNDED'],
  },
  {
    name: 'a refund of everything, which nobody asks for again',
    prepare: becomeConfirmed,
    act: (world, subject) => refund(world, subject, {}),
    ends: [PAID, REFUNDED],
  },
  {
    name: 'a show that is called off',
    prepare: becomeConfirmedAlone,
    async act(world, subject) {
      await callOff(world, subject);
      await isCalledOff(world, subject);
    },
    async afterwards(world, subject) {
      await callOff(world, subject);
    },
    ends: [REFUNDED],
  },
  {
    name: 'a payment that the bank disputes',
    prepare: becomeDisputed,
    act: hearOfDispute,
    ends: ['CONFIRMED + DISPUTED'],
  },
  disputeThatIs('won', PAID),
  disputeThatIs('lost', 'CONFIRMED + DISPUTED'),
];
