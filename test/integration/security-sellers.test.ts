import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as seller from '../../dev/seller.js';
import { accountIn } from '../../dev/start/stripe.js';
import { eventually } from '../support/eventually.js';
import {
  type Account,
  callerOf,
  createProducer,
  createPublishedShow,
  purchase,
  signUp,
  tryPurchase,
} from '../support/fixtures.js';
import { expectError, graphql } from '../support/graphql-client.js';
import { traces } from '../support/row-counts.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off' } });
});
afterAll(() => world.close());

/** A show with a paid and a free ticket, of a producer that Stripe has never heard of. */
async function unknownToStripe() {
  const account = await signUp(world.server);
  const { id: producerId } = await createProducer(world.server, account.token);
  const show = await createPublishedShow(world.server, account.token, {
    producerId,
    tickets: [{ price: 900, quantity: 10 }, { quantity: 10 }],
  });
  const [paid, free] = show.tickets.map(({ id }) => ({ ticketId: id, quantity: 1 }));
  return { account, producerId, show, paid: paid!, free: free! };
}

async function notPayable(showId: string, items: ReadonlyArray<{ ticketId: string; quantity: number }>) {
  const before = await traces(world);
  const requests = (await world.stripe.requests()).length;
  const failure = expectError(await tryPurchase(world.server, { showId, items }), 'PRODUCER_NOT_PAYABLE');
  expect(failure.message).toBe('This producer cannot take payments yet');
  expect(await traces(world)).toEqual(before);
  expect(await world.stripe.requests()).toHaveLength(requests);
}

async function canAcceptPayments(showId: string): Promise<boolean | undefined> {
  const document = 'query ($id: ID!) { show(id: $id) { producer { canAcceptPayments } } }';
  const answer = await graphql<{ show: { producer: { canAcceptPayments: boolean } } }>(
    world.server,
    document,
    {
      id: showId,
    },
  );
  return answer.data?.show.producer.canAcceptPayments;
}

async function startOnboarding(account: Account, producerId: string): Promise<string> {
  const url = await seller.connectStripeAccount(
    callerOf(world.server, account.token),
    producerId,
    world.server.url,
  );
  return accountIn(url);
}

describe('a producer without a Stripe account', () => {
  it('sells free tickets, and no paid ones, not even together', async () => {
    const { show, paid, free } = await unknownToStripe();
    await notPayable(show.id, [paid]);
    await notPayable(show.id, [free, paid]);
    expect((await purchase(world.server, { showId: show.id, items: [free] })).order.status).toBe('CONFIRMED');
    expect(await canAcceptPayments(show.id)).toBe(false);
  });

  it('still cannot sell after onboarding was begun, and can once it is done', async () => {
    const { account, producerId, show, paid } = await unknownToStripe();
    const accountId = await startOnboarding(account, producerId);
    await notPayable(show.id, [paid]);
    await world.stripe.completeOnboarding(accountId);
    await eventually('the producer is payable', () => canAcceptPayments(show.id));
    expect((await purchase(world.server, { showId: show.id, items: [paid] })).order.status).toBe('PENDING');
  });

  it('gets one account however often onboarding is begun', async () => {
    const { account, producerId } = await unknownToStripe();
    const accounts = [];
    for (let time = 0; time < 3; time += 1) accounts.push(await startOnboarding(account, producerId));
    accounts.push(...(await Promise.all([1, 2, 3].map(() => startOnboarding(account, producerId)))));
    expect(new Set(accounts).size).toBe(1);
  });

  it('gets one account when onboarding is begun twice at once', async () => {
    const { account, producerId } = await unknownToStripe();
    const accounts = await Promise.all([1, 2, 3, 4].map(() => startOnboarding(account, producerId)));
    expect(new Set(accounts).size).toBe(1);
    const { rows } = await world.database.pool.query('select stripe_account_id from producer where id = $1', [
      producerId,
    ]);
    expect(rows).toEqual([{ stripe_account_id: accounts[0] }]);
  });
});

describe('a producer whose Stripe account stops working', () => {
  async function payable() {
    const { account, producerId, show, paid, free } = await unknownToStripe();
    const accountId = await startOnboarding(account, producerId);
    await world.stripe.completeOnboarding(accountId);
    await eventually('the producer is payable', () => canAcceptPayments(show.id));
    return { accountId, show, paid, free };
  }

  it('cannot sell paid tickets until it works again, and goes on with free ones', async () => {
    const { accountId, show, paid, free } = await payable();
    await world.stripe.disableCharges(accountId);
    await eventually('the producer is not payable', async () => (await canAcceptPayments(show.id)) === false);
    await notPayable(show.id, [paid]);
    expect((await purchase(world.server, { showId: show.id, items: [free] })).order.status).toBe('CONFIRMED');
    await world.stripe.enableCharges(accountId);
    await eventually('the producer is payable again', () => canAcceptPayments(show.id));
    expect((await purchase(world.server, { showId: show.id, items: [paid] })).order.status).toBe('PENDING');
  });

  it('is refused by Stripe itself where the server has not heard of it yet, and the inventory is back', async () => {
    const { accountId, show, paid } = await payable();
    await world.stripe.webhooks.pause();
    await world.stripe.disableCharges(accountId);
    const answer = await tryPurchase(world.server, { showId: show.id, items: [paid] });
    expectError(answer, 'PRODUCER_NOT_PAYABLE');
    const { rows } = await world.database.pool.query('select held, sold from ticket where id = $1', [
      paid.ticketId,
    ]);
    expect(rows).toEqual([{ held: 0, sold: 0 }]);
    await world.stripe.webhooks.resume();
  });
});
