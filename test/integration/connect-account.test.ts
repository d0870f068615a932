import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { accountIn } from '../../dev/start/stripe.js';
import { eventually } from '../support/eventually.js';
import { orderReaches, purchase, tryPurchase } from '../support/fixtures.js';
import { expectError, graphql } from '../support/graphql-client.js';
import { operate } from '../support/operate.js';
import { counters, endHold, settlesAs, storedOrder } from '../support/order-life.js';
import { sessionIn } from '../support/stripe.js';
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
    async onboard() {
      const urls = { returnUrl: 'https://shop.example/', refreshUrl: 'https://shop.example/' };
      const variables = { producerId: show.producerId, ...urls };
      const answer = await operate(world.server, 'Mutation.connectStripeAccount', variables, seller.token);
      return (answer.data!.connectStripeAccount as { url: string }).url;
    },
    async account(): Promise<string> {
      const { rows: now } = await world.database.pool.query(
        'select stripe_account_id from producer where id = $1',
        [show.producerId],
      );
      return now[0].stripe_account_id;
    },
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

  it.each([
    ['and we have heard of it', true],
    ['and we have not heard of it', false],
  ])('may be followed by another one once its owner has disconnected it, %s', async (_what, heard) => {
    const sale = await sellOne();
    if (!heard) await world.stripe.webhooks.pause();
    await world.stripe.deauthorize(sale.accountId);
    if (heard) await eventually('no payments are accepted', async () => (await sale.accepts()) === false);
    const url = await sale.onboard();
    if (!heard) {
      await world.stripe.webhooks.discardHeld();
      await world.stripe.webhooks.resume();
    }
    expect(await sale.accepts()).toBe(false);
    await world.stripe.finishOnboarding(url);
    await eventually('payments are accepted', async () => (await sale.accepts()) === true);
    const bought = await purchase(world.server, sale.input);
    await world.stripe.pay(sessionIn(bought.checkoutUrl));
    await orderReaches(world.server, bought, 'CONFIRMED');
    expect(await sale.account()).not.toBe(sale.accountId);
    expect((await storedOrder(world, bought.order.id)).stripe_account_id).toBe(await sale.account());
  });

  it('is led through onboarding again by a new link each time, to the same account', async () => {
    const sale = await sellOne();
    const [first, second] = [await sale.onboard(), await sale.onboard()];
    expect(second).not.toBe(first);
    expect(accountIn(second)).toBe(sale.accountId);
    expect(accountIn(first)).toBe(sale.accountId);
  });

  it('that may take no charges any more lets the holds of its orders end as any others', async () => {
    const sale = await sellOne();
    const bought = await purchase(world.server, sale.input);
    await world.stripe.disableCharges(sale.accountId);
    await eventually('no payments are accepted', async () => (await sale.accepts()) === false);
    await endHold(world, bought.order.id);
    await settlesAs(world, bought.order.id, 'EXPIRED', 'UNPAID');
    expect(await counters(world, sale.ticketId)).toEqual({ quantity: 10, held: 0, sold: 0 });
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
  it('need only tell of a capability', async () => {
    const sale = await sellOne();
    await world.stripe.webhooks.pause();
    await world.stripe.setAccountCapabilities(sale.accountId, { transfers: 'inactive' });
    const events = (await world.stripe.events()).filter(
      ({ type, account }) => type === 'capability.updated' && account === sale.accountId,
    );
    expect((await deliver(events.at(-1)!)).status).toBe(200);
    expect(await sale.accepts()).toBe(false);
    await world.stripe.webhooks.discardHeld();
    await world.stripe.webhooks.resume();
  });

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
