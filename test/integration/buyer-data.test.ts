import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import {
  type Account,
  PASSWORD,
  type PublishedShow,
  type Purchase,
  purchase,
  readOrder,
  signUp,
  uniqueEmail,
} from '../support/fixtures.js';
import type { Variables } from '../support/graphql-client.js';
import { operate } from '../support/operate.js';
import type { OperationName } from '../support/operations.js';
import { signUpOperator } from '../support/operators.js';
import { cancelAsBuyer, mailsAbout, settlesAs } from '../support/order-life.js';
import { sessionIn } from '../support/stripe.js';
import { startWorld, type World } from '../support/world.js';

const NAME = 'Wilhelmina Erasable';

let world: World;
let show: PublishedShow;
let owner: Account;
let operator: Account;
beforeAll(async () => {
  world = await startWorld();
  const sold = await world.sell({ tickets: [{ quantity: 100 }, { price: 1_500, quantity: 100 }] });
  show = sold.show;
  owner = sold.seller;
  operator = await signUpOperator(world);
});
afterAll(() => world.close());

async function done(name: OperationName, variables: Variables, token: string) {
  const answer = await operate(world.server, name, variables, token);
  expect(answer.errors).toEqual([]);
  return answer.data![name.split('.')[1]!] as Record<string, unknown>;
}
async function refused(name: OperationName, variables: Variables, token: string | undefined, code: string) {
  const answer = await operate(world.server, name, variables, token);
  expect(answer.errors).toMatchObject([{ extensions: { code } }]);
  return answer.errors[0]!;
}

const cart = (index: number, email: string, name = NAME) => ({
  showId: show.id,
  items: [{ ticketId: show.tickets[index]!.id, quantity: 2 }],
  email,
  name,
  successUrl: `https://shop.example/thanks?for=${encodeURIComponent(name)}`,
});

async function paid(email: string, token?: string, name?: string): Promise<Purchase> {
  const bought = await purchase(world.server, cart(1, email, name), { token });
  await world.stripe.pay(sessionIn(bought.checkoutUrl));
  await settlesAs(world, bought.order.id, 'CONFIRMED', 'PAID');
  return bought;
}

/** Every table, column by column, in which this text stands. */
async function whereStored(text: string): Promise<string[]> {
  const { rows: tables } = await world.database.pool.query(
    `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
     where table_schema in ('public', 'graphile_worker') and table_type = 'BASE TABLE'`,
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const { rows } = await world.database.pool.query(
      `select count(*)::int as count from ${name} as row where row::text ilike '%' || $1 || '%'`,
      [text],
    );
    if (rows[0].count > 0) found.push(name);
  }
  return found;
}

async function books(): Promise<unknown> {
  const { rows } = await world.database.pool.query(
    `select (select json_agg(e order by e.id) from ledger_entry e) as ledger,
       (select json_agg(t order by t.id) from ticket t) as tickets,
       (select json_agg(json_build_array(o.id, o.status, o.payment_status, o.total_amount) order by o.id) from orders o),
       (select json_agg(json_build_array(a.id, a.code, a.status) order by a.id) from attendee a) as attendees`,
  );
  return rows[0];
}

describe('what is known of a buyer', () => {
  it('is exported to the account that bought, and not by an address that merely matches', async () => {
    const buyer = await signUp(world.server, { name: NAME });
    const own = await paid(buyer.email, buyer.token);
    const elsewhere = await purchase(world.server, cart(0, buyer.email));
    const data = await done('Query.exportBuyer', {}, buyer.token);
    expect(data).toMatchObject({
      account: { id: buyer.userId, email: buyer.email, name: NAME, producers: [], sessions: [{}] },
      orders: [
        {
          id: own.order.id,
          reference: own.order.reference,
          show: { id: Number(show.id) },
          status: 'CONFIRMED',
          paymentStatus: 'PAID',
          email: buyer.email,
          name: NAME,
          total: 3_000,
          currency: 'USD',
          lines: [{ ticket: 'Ticket 2', quantity: 2, unitPrice: 1_500 }],
          attendees: [{ name: NAME, email: buyer.email }, { name: NAME }],
          refunds: [],
        },
      ],
    });
    const text = JSON.stringify(data);
    for (const secret of [PASSWORD, '$argon2', buyer.token, buyer.refreshToken, own.accessToken]) {
      expect(text).not.toContain(secret);
    }
    expect(text).not.toContain(elsewhere.order.id);
    const ofAddress = await done('Query.exportBuyer', { email: buyer.email.toUpperCase() }, operator.token);
    expect((ofAddress.orders as Array<{ id: string }>).map(({ id }) => id).sort()).toEqual(
      [own.order.id, elsewhere.order.id].sort(),
    );
    const log = await done('Query.auditLog', { first: 1 }, operator.token);
    expect(log).toMatchObject({
      nodes: [
        {
          action: 'BUYER_EXPORTED',
          actorId: operator.userId,
          subjectId: buyer.userId,
          details: { orders: 2 },
        },
      ],
    });
  });

  it.each(['Query.exportBuyer', 'Mutation.eraseBuyer'] as const)(
    'is nobody else’s business: %s',
    async (operation) => {
      const buyer = await signUp(world.server);
      await purchase(world.server, cart(0, buyer.email), { token: buyer.token });
      await refused(operation, {}, undefined, 'UNAUTHENTICATED');
      await refused(operation, { email: buyer.email }, undefined, 'UNAUTHENTICATED');
      for (const { token } of [owner, await signUp(world.server), buyer]) {
        await refused(operation, { email: buyer.email }, token, 'FORBIDDEN');
      }
      await refused(operation, { email: 'nobody' }, operator.token, 'BAD_USER_INPUT');
      expect(await whereStored(buyer.email)).toContain('public.orders');
    },
  );
});

describe('erasing a buyer', () => {
  it('leaves nothing that says who it was, and all that says what it came to', async () => {
    const name = `Wilhelmina-${randomUUID()}`;
    const buyer = await signUp(world.server, { name, email: uniqueEmail('wilhelmina') });
    const [free, bought] = [
      await purchase(
        world.server,
        { ...cart(0, buyer.email, name), idempotencyKey: `of-${buyer.email}` },
        { token: buyer.token },
      ),
      await paid(buyer.email, buyer.token, name),
    ];
    const partial = { orderId: bought.order.id, reason: 'OTHER', note: `Dear ${name}` };
    const attendeeIds = [(await readOrder(world.server, bought)).attendees[0]!.id];
    await done('Mutation.refundOrder', { input: { ...partial, attendeeIds } }, owner.token);
    await settlesAs(world, bought.order.id, 'CONFIRMED', 'PARTIALLY_REFUNDED');
    await mailsAbout(world, free.order.id, 'confirmation');
    const other = await signUp(world.server);
    const tables = ['public.app_user', 'public.attendee', 'public.orders', 'public.refund'];
    expect((await whereStored(name)).sort()).toEqual(tables);
    expect((await whereStored(buyer.email)).sort()).toEqual(tables.slice(0, 3));
    const before = await books();

    expect(await done('Mutation.eraseBuyer', {}, buyer.token)).toEqual({
      orders: 2,
      attendees: 4,
      accountErased: true,
    });
    expect(await whereStored(buyer.email)).toEqual([]);
    expect(await whereStored(name)).toEqual([]);
    expect(await books()).toEqual(before);
    expect(await readOrder(world.server, bought)).toMatchObject({
      email: 'erased@erased.invalid',
      status: 'CONFIRMED',
      total: { amount: 3_000 },
    });
    expect(await done('Query.inventoryAudit', {}, operator.token)).toEqual([]);
    const ledger = await done('Query.ledgerAudit', { orderId: bought.order.id }, operator.token);
    expect(ledger).toMatchObject({ differences: [], orders: 1 });

    expect(await done('Mutation.eraseBuyer', {}, buyer.token)).toEqual({
      orders: 0,
      attendees: 0,
      accountErased: false,
    });
    expect((await operate(world.server, 'Query.viewer', {}, buyer.token)).data).toEqual({ viewer: null });
    await refused('Mutation.createProducer', { input: { name: 'Ghost' } }, buyer.token, 'UNAUTHENTICATED');
    await refused(
      'Mutation.refreshSession',
      { refreshToken: buyer.refreshToken },
      undefined,
      'UNAUTHENTICATED',
    );
    const input = { email: buyer.email, password: PASSWORD };
    await refused('Mutation.signIn', { input }, undefined, 'UNAUTHENTICATED');
    expect((await signUp(world.server, { email: buyer.email })).userId).not.toBe(buyer.userId);
    expect((await operate(world.server, 'Query.viewer', {}, other.token)).data).toMatchObject({
      viewer: { email: other.email },
    });
  });

  it('is told to each producer, and names only ids', async () => {
    const buyer = await signUp(world.server);
    await purchase(world.server, cart(0, buyer.email), { token: buyer.token });
    await done('Mutation.eraseBuyer', {}, buyer.token);
    const log = await done('Query.auditLog', { producerId: show.producerId, first: 1 }, operator.token);
    expect(log).toMatchObject({
      nodes: [
        { action: 'BUYER_ERASED', actorId: buyer.userId, subjectType: 'Producer', details: { orders: 1 } },
      ],
    });
    expect(JSON.stringify(log)).not.toContain('@');
  });

  it('by an operator takes whatever was bought with an address, with an account or without', async () => {
    const email = uniqueEmail('Guest');
    const [first, second] = [await paid(email), await purchase(world.server, cart(0, email.toUpperCase()))];
    const stranger = await purchase(world.server, cart(0, uniqueEmail()));
    expect(await done('Mutation.eraseBuyer', { email }, operator.token)).toEqual({
      orders: 2,
      attendees: 4,
      accountErased: false,
    });
    for (const bought of [first, second]) {
      expect((await readOrder(world.server, bought)).email).toBe('erased@erased.invalid');
    }
    expect((await readOrder(world.server, stranger)).email).not.toContain('erased');
    expect(await done('Mutation.eraseBuyer', { email }, operator.token)).toMatchObject({ orders: 0 });
  });

  it('waits for what may still have to be paid, or paid back, and then erases nothing', async () => {
    const buyer = await signUp(world.server, { name: NAME });
    await purchase(world.server, cart(0, buyer.email), { token: buyer.token });
    const pending = await purchase(world.server, cart(1, buyer.email), { token: buyer.token });
    const { extensions } = await refused('Mutation.eraseBuyer', {}, buyer.token, 'CONFLICT');
    expect(extensions).toMatchObject({ orderIds: [pending.order.id] });
    expect(await whereStored(buyer.email)).toContain('public.attendee');
    await cancelAsBuyer(world.server, pending);
    expect(await done('Mutation.eraseBuyer', {}, buyer.token)).toMatchObject({
      orders: 2,
      accountErased: true,
    });
  });

  it('keeps the account of a producer’s team, and erases what it bought', async () => {
    const { seller } = await world.sell({ tickets: [{}] });
    await purchase(world.server, cart(0, seller.email), { token: seller.token });
    expect(await done('Mutation.eraseBuyer', {}, seller.token)).toEqual({
      orders: 1,
      attendees: 2,
      accountErased: false,
    });
    expect((await operate(world.server, 'Query.viewer', {}, seller.token)).data).toMatchObject({
      viewer: { email: seller.email },
    });
  });

  it('sends no mail any more, also none that was due', async () => {
    const email = uniqueEmail('unwritten');
    const bought = await paid(email);
    await mailsAbout(world, bought.order.id, 'confirmation');
    await done('Mutation.eraseBuyer', { email }, operator.token);
    await done('Mutation.refundOrder', { input: { orderId: bought.order.id, reason: 'OTHER' } }, owner.token);
    await settlesAs(world, bought.order.id, 'CONFIRMED', 'REFUNDED');
    const control = await paid(uniqueEmail());
    await done(
      'Mutation.refundOrder',
      { input: { orderId: control.order.id, reason: 'OTHER' } },
      owner.token,
    );
    await mailsAbout(world, control.order.id, 'refund');
    await eventually('nothing is to be done about the erased order any more', async () => {
      const { rowCount } = await world.database.pool.query(
        "select from graphile_worker._private_jobs where payload->>'orderId' = $1",
        [bought.order.id],
      );
      return rowCount === 0;
    });
    const { mailDirectory } = world.server;
    const mails = readdirSync(mailDirectory).map((file) => readFileSync(join(mailDirectory, file), 'utf8'));
    expect(mails.filter((mail) => mail.includes(control.order.id)).length).toBeGreaterThan(1);
    expect(mails.filter((mail) => mail.includes('erased.invalid'))).toEqual([]);
  });
});
