import { execFile } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { projectRoot } from '../../dev/paths.js';
import { type Account, type PublishedShow, signUp } from '../support/fixtures.js';
import { expectData, expectError, graphql } from '../support/graphql-client.js';
import { buyAndPay, type PaidOrder } from '../support/money.js';
import { signUpOperator } from '../support/operators.js';
import { startWorld, type World } from '../support/world.js';
import { clientOf } from './local-stripe-support.js';

let world: World;
let show: PublishedShow;
let operator: Account;
beforeAll(async () => {
  world = await startWorld({ env: { PLATFORM_FEE_PERCENT: '10' } });
  ({ show } = await world.sell({ tickets: [{ price: 2500, quantity: 1000 }] }));
  operator = await signUpOperator(world);
});
afterAll(async () => world.close());

const LEDGER = `query ($orderId: ID, $from: DateTime, $to: DateTime, $first: Int! = 25, $after: String) {
  ledgerAudit(orderId: $orderId, from: $from, to: $to, first: $first, after: $after) {
    orders endCursor hasNextPage differences { orderId what stripeId recorded atStripe }
  }
}`;
const INVENTORY = '{ inventoryAudit { description } }';

interface Page {
  readonly orders: number;
  readonly endCursor: string | null;
  readonly hasNextPage: boolean;
  readonly differences: ReadonlyArray<{ readonly orderId: string; readonly what: string }>;
}

async function audit(variables: object): Promise<Page> {
  const answer = await graphql<{ ledgerAudit: Page }>(
    world.server,
    LEDGER,
    { ...variables },
    { token: operator.token },
  );
  return expectData(answer).ledgerAudit;
}

/** From here on nothing that happens at Stripe is heard of. */
async function silently(change: () => Promise<unknown>): Promise<void> {
  await world.stripe.webhooks.idle();
  await world.stripe.webhooks.pause();
  await change();
  await world.stripe.webhooks.discardHeld();
  await world.stripe.webhooks.resume();
}

/** Sorted by what differs. */
async function differencesOf({ orderId }: PaidOrder) {
  const { differences } = await audit({ orderId });
  return differences
    .map(({ orderId: _same, ...difference }) => difference)
    .sort((one, other) => one.what.localeCompare(other.what));
}

describe('the audit of the ledger', () => {
  it('finds nothing where everything was heard of', async () => {
    const order = await buyAndPay(world, show, 2);
    expect(await audit({ orderId: order.orderId })).toEqual({
      orders: 1,
      endCursor: order.orderId,
      hasNextPage: false,
      differences: [],
    });
  });

  it('finds a refund made at Stripe, with what it took back from the producer and of the fee', async () => {
    const order = await buyAndPay(world, show, 2);
    let refundId = '';
    await silently(async () => {
      const refund = await clientOf(world.stripe).refunds.create({
        payment_intent: order.paymentIntentId,
        amount: 1000,
        reverse_transfer: true,
        refund_application_fee: true,
      });
      refundId = refund.id;
    });
    expect(await differencesOf(order)).toEqual([
      { what: 'APPLICATION_FEE_REFUND', stripeId: 'total', recorded: null, atStripe: '100 USD' },
      { what: 'REFUND', stripeId: refundId, recorded: null, atStripe: '1000 USD' },
      { what: 'REFUND_STATUS', stripeId: refundId, recorded: null, atStripe: 'SUCCEEDED' },
      { what: 'TRANSFER_REVERSAL', stripeId: 'total', recorded: null, atStripe: '1000 USD' },
    ]);
  });

  it('finds a transfer that was reversed by hand', async () => {
    const order = await buyAndPay(world, show);
    await silently(async () => {
      const stripe = clientOf(world.stripe);
      const { data } = await stripe.transfers.list({ transfer_group: order.orderId });
      await stripe.transfers.createReversal(data[0]!.id, { amount: 200 });
    });
    expect(await differencesOf(order)).toEqual([
      { what: 'TRANSFER_REVERSAL', stripeId: 'total', recorded: null, atStripe: '200 USD' },
    ]);
  });

  it('finds a dispute that nobody told of', async () => {
    const order = await buyAndPay(world, show);
    let disputeId = '';
    await silently(async () => {
      disputeId = (await world.stripe.openDispute(order.chargeId)).id;
    });
    expect(await differencesOf(order)).toEqual([
      { what: 'DISPUTE', stripeId: disputeId, recorded: null, atStripe: '2500 USD' },
      { what: 'DISPUTE_STATUS', stripeId: disputeId, recorded: null, atStripe: 'NEEDS_RESPONSE' },
    ]);
  });

  it('finds another status of a dispute, and money that came back', async () => {
    const order = await buyAndPay(world, show);
    const { id } = await world.stripe.openDispute(order.chargeId);
    await world.stripe.webhooks.idle();
    expect(await differencesOf(order)).toEqual([]);
    await silently(() => world.stripe.closeDispute(id, 'won'));
    expect(await differencesOf(order)).toEqual([
      { what: 'DISPUTE_REVERSAL', stripeId: id, recorded: null, atStripe: '2500 USD' },
      { what: 'DISPUTE_STATUS', stripeId: id, recorded: 'NEEDS_RESPONSE', atStripe: 'WON' },
    ]);
  });

  it('finds what Stripe knows nothing of, and another amount', async () => {
    const order = await buyAndPay(world, show);
    await world.database.pool.query(
      `insert into ledger_entry (kind, source_id, account, order_id, producer_id, amount, currency, occurred_at)
       select 'REFUND', 're_nowhere', e.account, $1, $2, e.amount, 'USD', now()
       from (values ('PLATFORM', -70), ('BUYER', 70)) as e(account, amount)`,
      [order.orderId, show.producerId],
    );
    await world.database.pool.query(
      `insert into ledger_entry (kind, source_id, account, order_id, producer_id, amount, currency, occurred_at)
       select 'TRANSFER_REVERSAL', 're_nowhere', e.account, $1, $2, e.amount, 'USD', now()
       from (values ('PRODUCER', -70), ('PLATFORM', 70)) as e(account, amount)`,
      [order.orderId, show.producerId],
    );
    await silently(async () => {
      const stripe = clientOf(world.stripe);
      const { data } = await stripe.transfers.list({ transfer_group: order.orderId });
      await stripe.transfers.createReversal(data[0]!.id, { amount: 71 });
    });
    expect(await differencesOf(order)).toEqual([
      { what: 'REFUND', stripeId: 're_nowhere', recorded: '70 USD', atStripe: null },
      { what: 'TRANSFER_REVERSAL', stripeId: 'total', recorded: '70 USD', atStripe: '71 USD' },
    ]);
  });

  it('finds a second payment of one order, which was never heard of', async () => {
    const order = await buyAndPay(world, show);
    const stripe = clientOf(world.stripe);
    const { data } = await stripe.transfers.list({ transfer_group: order.orderId });
    const session = await stripe.checkout.sessions.create({
      mode: 'payment',
      line_items: [
        { quantity: 1, price_data: { currency: 'usd', unit_amount: 400, product_data: { name: 'More' } } },
      ],
      payment_intent_data: {
        transfer_group: order.orderId,
        transfer_data: { destination: data[0]!.destination as string },
      },
      success_url: 'https://shop.example/',
    });
    await silently(() => world.stripe.pay(session.id));
    expect(await differencesOf(order)).toEqual([
      { what: 'CHARGE', stripeId: expect.any(String), recorded: null, atStripe: '400 USD' },
      { what: 'TRANSFER', stripeId: expect.any(String), recorded: null, atStripe: '400 USD' },
    ]);
  });

  it('takes a transfer for under way that Stripe makes later', async () => {
    const order = await buyAndPay(world, show, 1, { settle: 'later' });
    expect(await differencesOf(order)).toEqual([]);
    await world.stripe.settleCharge(order.chargeId);
    expect(await differencesOf(order)).toEqual([]);
  });

  it('goes through all orders of a time in pages, each once', async () => {
    const { rows } = await world.database.pool.query<{ id: string }>(
      'select id from orders where total_amount > 0 order by id',
    );
    const seen: string[] = [];
    const found = new Set<string>();
    for (let after: string | null = null, more = true; more; ) {
      const page: Page = await audit({ first: 2, after });
      expect(page.orders).toBeLessThanOrEqual(2);
      for (const { orderId } of page.differences) found.add(orderId);
      seen.push(page.endCursor!);
      ({ endCursor: after, hasNextPage: more } = page);
    }
    const last = rows
      .map(({ id }) => id)
      .filter((_id, index) => index % 2 === 1 || index === rows.length - 1);
    expect(seen).toEqual(last);
    expect(found.size).toBe(6);
    expect(await audit({ from: '2020-01-01T00:00:00.000Z', to: '2020-01-02T00:00:00.000Z' })).toEqual({
      orders: 0,
      endCursor: null,
      hasNextPage: false,
      differences: [],
    });
  });

  it.each([
    [{ orderId: 'nonsense' }, 'BAD_USER_INPUT', 'orderId'],
    [{ after: 'nonsense' }, 'BAD_USER_INPUT', 'after'],
    [{ first: 0 }, 'BAD_USER_INPUT', 'first'],
    [{ first: 101 }, 'BAD_USER_INPUT', 'first'],
    [{ from: '2020-01-02T00:00:00.000Z', to: '2020-01-01T00:00:00.000Z' }, 'BAD_USER_INPUT', 'to'],
    [{ orderId: '00000000-0000-4000-8000-000000000000' }, 'NOT_FOUND', undefined],
  ])('refuses %j', async (variables, code, field) => {
    const answer = await graphql(world.server, LEDGER, variables, { token: operator.token });
    expect(expectError(answer, code).extensions?.field).toBe(field);
  });

  it.each([LEDGER, INVENTORY])('is for operators: %s', async (document) => {
    const somebody = await signUp(world.server);
    expectError(await graphql(world.server, document), 'UNAUTHENTICATED');
    expectError(await graphql(world.server, document, {}, { token: somebody.token }), 'FORBIDDEN');
  });
});

describe('the audit of the inventory', () => {
  it('finds nothing, and then what was made wrong', async () => {
    const ask = async () => expectData(await graphql(world.server, INVENTORY, {}, { token: operator.token }));
    expect(await ask()).toEqual({ inventoryAudit: [] });
    await world.database.pool.query('update ticket set held = held + 1 where id = $1', [show.tickets[0]!.id]);
    const description = expect.stringContaining('its PENDING orders hold 0');
    expect(await ask()).toEqual({ inventoryAudit: [{ description }] });
    await world.database.pool.query('update ticket set held = held - 1 where id = $1', [show.tickets[0]!.id]);
  });
});

describe('the audit from the command line', () => {
  it('prints what it finds, and ends with 1', async () => {
    const { code, output } = await auditCommand();
    expect(output).toMatch(/^order .+: DISPUTE du_\w+ is missing here, 2500 USD at Stripe$/m);
    expect(code).toBe(1);
  });

  it('ends with 0 where there is nothing to find', async () => {
    const { code, output } = await auditCommand('--to', '2020-01-01T00:00:00Z');
    expect(output).toBe('0 differences; 0 orders were compared with Stripe\n');
    expect(code).toBe(0);
  });

  it('ends with 2 where it was called wrongly', async () => {
    expect(await auditCommand('--from', 'yesterday')).toMatchObject({ code: 2, output: '' });
    expect(await auditCommand('--nonsense')).toMatchObject({ code: 2, output: '' });
  });
});

function auditCommand(...args: string[]): Promise<{ code: number; output: string }> {
  const { access } = world.stripe;
  const env = {
    PATH: process.env.PATH,
    DATABASE_URL: world.database.url,
    STRIPE_SECRET_KEY: access.secretKey,
    STRIPE_API_BASE: access.url,
  };
  return new Promise((resolve) => {
    const command = ['dist/src/audit.js', ...args];
    execFile(process.execPath, command, { cwd: projectRoot, env }, (error, output) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), output }),
    );
  });
}
