import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { purchase, tryPurchase } from '../support/fixtures.js';
import { expectError, graphql } from '../support/graphql-client.js';
import { counters } from '../support/order-life.js';
import { bodyOf, eventAbout, postWebhook, signature, storedEvents } from '../support/webhooks.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterEach(() => world.stripe.faults.clear());
afterAll(async () => world.close());

async function sellOne() {
  const { show, seller } = await world.sell({ tickets: [{ price: 2500, quantity: 10 }, { quantity: 5 }] });
  const { rows } = await world.database.pool.query('select stripe_account_id from producer where id = $1', [
    show.producerId,
  ]);
  await world.stripe.webhooks.idle();
  const [ticket, free] = show.tickets;
  return {
    seller,
    accountId: rows[0].stripe_account_id as string,
    ticketId: ticket!.id,
    input: { showId: show.id, items: [{ ticketId: ticket!.id, quantity: 1 }] },
    freeInput: { showId: show.id, items: [{ ticketId: free!.id, quantity: 1 }] },
    async accepts() {
      const document = 'query Show($id: ID!) { show(id: $id) { producer { canAcceptPayments } } }';
      const { data } = await graphql<{ show: { producer: { canAcceptPayments: boolean } } }>(
        world.server,
        document,
        { id: show.id },
      );
      return data?.show.producer.canAcceptPayments;
    },
  };
}

function deliver(event: object) {
  const body = bodyOf(event);
  const header = signature(body, world.stripe.access.connectWebhookSecret);
  return postWebhook(world.server, body, header, '/webhooks/stripe/connect');
}

describe('a producer’s Stripe account', () => {
  it('stops sales of paid tickets when Stripe disables charges, and opens them when it enables them', async () => {
    const sale = await sellOne();
    expect(await sale.accepts()).toBe(true);
    await world.stripe.disableCharges(sale.accountId);
    await eventually('no payments are accepted', async () => (await sale.accepts()) === false);
    expectError(await tryPurchase(world.server, sale.input), 'PRODUCER_NOT_PAYABLE');
    expect(await counters(world, sale.ticketId)).toEqual({ quantity: 10, held: 0, sold: 0 });
    await purchase(world.server, sale.freeInput);

    await world.stripe.enableCharges(sale.accountId);
    await eventually('payments are accepted', async () => (await sale.accepts()) === true);
    expect((await purchase(world.server, sale.input)).order.status).toBe('PENDING');
  });

  it.each(['transfers', 'card_payments'] as const)('is not payable without %s', async (capability) => {
    const sale = await sellOne();
    await world.stripe.setAccountCapabilities(sale.accountId, { [capability]: 'inactive' });
    await eventually('no payments are accepted', async () => (await sale.accepts()) === false);
    await world.stripe.setAccountCapabilities(sale.accountId, { [capability]: 'active' });
    await eventually('payments are accepted', async () => (await sale.accepts()) === true);
  });

  it('is not payable any more once its owner has disconnected it', async () => {
    const sale = await sellOne();
    await world.stripe.deauthorize(sale.accountId);
    await eventually('no payments are accepted', async () => (await sale.accepts()) === false);
    expectError(await tryPurchase(world.server, sale.input), 'PRODUCER_NOT_PAYABLE');
  });

  it('that Stripe refuses before we have heard of it sells nothing, and holds nothing', async () => {
    const sale = await sellOne();
    await world.stripe.webhooks.pause();
    await world.stripe.disableCharges(sale.accountId);
    expectError(await tryPurchase(world.server, sale.input), 'PRODUCER_NOT_PAYABLE');
    expect(await counters(world, sale.ticketId)).toEqual({ quantity: 10, held: 0, sold: 0 });
    await world.stripe.webhooks.resume();
    await eventually('no payments are accepted', async () => (await sale.accepts()) === false);
  });
});

describe('events of accounts', () => {
  it('leave the newest state, also when the answer to an older question comes last', async () => {
    const sale = await sellOne();
    await world.stripe.webhooks.pause();
    await world.stripe.enableCharges(sale.accountId);
    const enabled = await eventAbout(world, 'account.updated', sale.accountId);
    const stall = await world.stripe.faults.add({
      kind: 'stall',
      afterEffect: true,
      times: 1,
      match: { method: 'GET', path: '/v1/accounts/' },
    });
    const late = deliver(enabled);
    await world.stripe.faults.whenStruck(stall.id);
    await world.stripe.disableCharges(sale.accountId);
    const disabled = await eventAbout(world, 'account.updated', sale.accountId);
    expect((await deliver(disabled)).status).toBe(200);
    expect(await sale.accepts()).toBe(false);
    await world.stripe.faults.clear();
    expect((await late).status).toBe(200);
    expect(await sale.accepts()).toBe(false);
    await world.stripe.webhooks.discardHeld();
    await world.stripe.webhooks.resume();
  });

  it('are applied once, however often and however simultaneously they come', async () => {
    const sale = await sellOne();
    await world.stripe.webhooks.pause();
    await world.stripe.disableCharges(sale.accountId);
    const event = await eventAbout(world, 'account.updated', sale.accountId);
    const answers = await Promise.all(Array.from({ length: 20 }, () => deliver(event)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await storedEvents(world, event.id)).toMatchObject([
      { account: sale.accountId, outcome: 'applied' },
    ]);
    expect(await sale.accepts()).toBe(false);
    await world.stripe.webhooks.discardHeld();
    await world.stripe.webhooks.resume();
  });

  it('are ignored, and answered 2xx, when the account is nobody’s', async () => {
    const sale = await sellOne();
    const event = await eventAbout(world, 'account.updated', sale.accountId);
    const foreign = { ...event, id: 'evt_of_nobody', account: 'acct_of_nobody' };
    expect((await deliver(foreign)).status).toBe(200);
    expect(await storedEvents(world, foreign.id)).toMatchObject([{ outcome: 'ignored' }]);
  });
});
