import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type Stripe from 'stripe';
import { eventually } from '../support/eventually.js';
import { orderReaches, purchase, tryPurchase } from '../support/fixtures.js';
import { expectError } from '../support/graphql-client.js';
import { operate } from '../support/operate.js';
import { counters } from '../support/order-life.js';
import { sessionIn } from '../support/stripe.js';
import { startWorld, type World } from '../support/world.js';
import { clientOf } from './local-stripe-support.js';

let world: World;
let stripe: Stripe;
beforeAll(async () => {
  world = await startWorld({ env: { PLATFORM_FEE_PERCENT: '2.5' } });
  stripe = clientOf(world.stripe);
});
afterAll(async () => world.close());

async function buy(title: string, price: number, currency: string, quantity = 1) {
  const { show } = await world.sell({ title, tickets: [{ price, currency, quantity: 10 }] });
  const bought = await purchase(world.server, {
    showId: show.id,
    items: [{ ticketId: show.tickets[0]!.id, quantity }],
    email: 'ada@example.com',
  });
  const session = await stripe.checkout.sessions.retrieve(sessionIn(bought.checkoutUrl));
  return { show, bought, session };
}

describe('the Checkout Session of an order', () => {
  it('says on itself and on its payment which order of which show it is for', async () => {
    const { show, bought, session } = await buy('Hamlet & "Ophelia"', 2500, 'USD', 2);
    const metadata = {
      order_id: bought.order.id,
      order_reference: bought.order.reference,
      show_id: show.id,
      show_title: 'Hamlet & "Ophelia"',
    };
    expect(session.metadata).toEqual(metadata);
    expect(session).toMatchObject({
      client_reference_id: bought.order.id,
      customer_email: 'ada@example.com',
      amount_total: 5000,
      currency: 'usd',
    });

    await world.stripe.pay(session.id);
    const paid = await stripe.checkout.sessions.retrieve(session.id, {
      expand: ['payment_intent.latest_charge.transfer'],
    });
    const intent = paid.payment_intent as Stripe.PaymentIntent;
    expect(intent.metadata).toEqual(metadata);
    expect(intent.description).toBe(`Order #${bought.order.reference} for Hamlet & "Ophelia"`);
    const charge = intent.latest_charge as Stripe.Charge;
    expect(charge).toMatchObject({ metadata, description: intent.description });
    await orderReaches(world.server, bought, 'CONFIRMED');
  });

  it("sends the money to the producer's account, less the fee, attributable to the order", async () => {
    const { show, bought, session } = await buy('The Tempest', 2500, 'USD', 2);
    await world.stripe.pay(session.id);
    const paid = await stripe.checkout.sessions.retrieve(session.id, {
      expand: ['payment_intent.latest_charge.transfer', 'payment_intent.latest_charge.application_fee'],
    });
    const intent = paid.payment_intent as Stripe.PaymentIntent;
    const { rows } = await world.database.pool.query('select stripe_account_id from producer where id = $1', [
      show.producerId,
    ]);
    expect(intent).toMatchObject({
      amount: 5000,
      transfer_group: bought.order.id,
      application_fee_amount: 125,
      transfer_data: { destination: rows[0].stripe_account_id },
    });
    const charge = intent.latest_charge as Stripe.Charge;
    expect(charge.transfer).toMatchObject({ transfer_group: bought.order.id, amount: 5000 });
    expect(charge.application_fee).toMatchObject({ amount: 125 });
    await orderReaches(world.server, bought, 'CONFIRMED');
    const { id } = charge.transfer as Stripe.Transfer;
    const transfer = await eventually('the transfer says what it is for', async () => {
      const found = await stripe.transfers.retrieve(id);
      return Object.keys(found.metadata).length > 0 && found;
    });
    expect(transfer).toMatchObject({ metadata: session.metadata, description: intent.description });
  });

  it('is asked for under an idempotency key that follows from the order', async () => {
    const { bought, session } = await buy('As You Like It', 2500, 'USD');
    const created = (await world.stripe.requests({ method: 'POST', path: '/v1/checkout/sessions' })).find(
      (request) => request.params.client_reference_id === bought.order.id,
    );
    expect(created?.idempotencyKey).toContain(bought.order.id);
    expect(created?.status).toBe(200);
    const { data } = await stripe.checkout.sessions.list({ limit: 100 });
    expect(data.filter(({ client_reference_id }) => client_reference_id === bought.order.id)).toHaveLength(1);
    expect(session.expires_at).toBeGreaterThan(Date.parse(bought.order.expiresAt ?? '') / 1000);
  });

  it.each<{
    currency: string;
    price: number;
    quantity: number;
    total: number;
    fee: number;
    scale?: number;
  }>([
    { currency: 'USD', price: 1999, quantity: 3, total: 5997, fee: 150 }, // 149.925
    { currency: 'USD', price: 980, quantity: 1, total: 980, fee: 25 }, // 24.5, half up
    { currency: 'USD', price: 979, quantity: 1, total: 979, fee: 24 }, // 24.475
    { currency: 'JPY', price: 3500, quantity: 2, total: 7000, fee: 175 },
    { currency: 'JPY', price: 1100, quantity: 1, total: 1100, fee: 28 }, // 27.5, half up
    { currency: 'KWD', price: 5120, quantity: 2, total: 10_240, fee: 260 }, // 256, in tens
    { currency: 'ISK', price: 2000, quantity: 1, total: 2000, fee: 50, scale: 100 },
    { currency: 'UGX', price: 36_980, quantity: 1, total: 36_980, fee: 925, scale: 100 }, // 924.5, half up
    { currency: 'MGA', price: 500_000, quantity: 2, total: 1_000_000, fee: 25_000, scale: 0.01 },
  ])('charges $total minor units of $currency, of which $fee are the platform’s', async (sale) => {
    const { bought, session } = await buy('Cymbeline', sale.price, sale.currency, sale.quantity);
    expect(bought.order.total).toEqual({ amount: sale.total, currency: sale.currency });
    const atStripe = (amount: number) => amount * (sale.scale ?? 1);
    expect(session).toMatchObject({
      amount_total: atStripe(sale.total),
      currency: sale.currency.toLowerCase(),
    });
    await world.stripe.pay(session.id);
    const paid = await stripe.checkout.sessions.retrieve(session.id, { expand: ['payment_intent'] });
    expect(paid.payment_intent).toMatchObject({
      amount: atStripe(sale.total),
      amount_received: atStripe(sale.total),
      application_fee_amount: atStripe(sale.fee),
    });
    const confirmed = await orderReaches(world.server, bought, 'CONFIRMED');
    expect(confirmed.paymentStatus).toBe('PAID');
  });

  it('asks for no fee where the share rounds to nothing', async () => {
    const { show } = await world.sell({ tickets: [{ price: 19, currency: 'VND', quantity: 5 }] });
    const items = [{ ticketId: show.tickets[0]!.id, quantity: 1 }];
    const bought = await purchase(world.server, { showId: show.id, items });
    const sessionId = sessionIn(bought.checkoutUrl);
    await world.stripe.pay(sessionId);
    const paid = await stripe.checkout.sessions.retrieve(sessionId, { expand: ['payment_intent'] });
    expect(paid.payment_intent).toMatchObject({ amount: 19, application_fee_amount: null });
    await orderReaches(world.server, bought, 'CONFIRMED');
  });

  it.each([
    [{ price: 1005, currency: 'KWD' }, 'price'],
    [{ price: 50, currency: 'MGA' }, 'price'],
    [{ price: 100_000_000, currency: 'USD' }, 'price'],
    [{ price: 100, currency: 'IQD' }, 'currency'],
  ])('is never asked for what Stripe could not charge: no ticket can cost %j', async (price, field) => {
    const { show, seller } = await world.sell({ tickets: [{ price: 1000, currency: 'KWD' }] });
    const input = { name: 'Seat', quantity: 5, ...price };
    const variables = { showId: show.id, input };
    const failure = await operate(world.server, 'Mutation.createTicket', variables, seller.token);
    expect(failure.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', field } }]);
    const change = { id: show.tickets[0]!.id, input: { price: 1005 } };
    const changed = await operate(world.server, 'Mutation.updateTicket', change, seller.token);
    expect(changed.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', field: 'price' } }]);
  });

  it('names the input that Stripe does not take, and gives the inventory back', async () => {
    const { show } = await world.sell({
      tickets: [
        { price: 20, quantity: 5 },
        { price: 5, currency: 'SEK' },
      ],
    });
    for (const ticket of show.tickets) {
      const items = [{ ticketId: ticket.id, quantity: 1 }];
      const failure = expectError(
        await tryPurchase(world.server, { showId: show.id, items }),
        'BAD_USER_INPUT',
      );
      expect(failure.extensions?.field).toBe('items');
      expect(await counters(world, ticket.id)).toMatchObject({ held: 0, sold: 0 });
    }
  });
});
