import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, createProducer, createPublishedShow, purchase, signUp } from '../support/fixtures.js';
import { expectData, expectError, graphql } from '../support/graphql-client.js';
import { operate } from '../support/operate.js';
import { OPERATIONS } from '../support/operations.js';
import { subscribe } from '../support/websocket-client.js';
import { startWorld, type World } from '../support/world.js';

const inMinutes = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString();

let world: World;
let owner: Account;
let producerId: string;
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off' } });
  owner = await signUp(world.server);
  producerId = (await createProducer(world.server, owner.token)).id;
});
afterAll(() => world.close());

async function ticketOf(ticket: Record<string, unknown> = {}): Promise<{ showId: string; id: string }> {
  const show = await createPublishedShow(world.server, owner.token, { producerId, tickets: [ticket] });
  return { showId: show.id, id: show.tickets[0]!.id };
}

async function update(id: string, input: Record<string, unknown>): Promise<Record<string, unknown>> {
  const data = await owner.client.data<{ updateTicket: Record<string, unknown> }>(
    OPERATIONS['Mutation.updateTicket'],
    { id, input },
  );
  return data.updateTicket;
}

async function statusOf(id: string): Promise<unknown> {
  const document = 'query ($id: ID!) { ticket(id: $id) { status } }';
  return expectData(await graphql<{ ticket: { status: string } }>(world.server, document, { id })).ticket
    .status;
}

describe('changing a ticket', () => {
  const sale = { salesStartAt: inMinutes(-10), salesEndAt: inMinutes(60) };
  const whole = { name: 'Seat', price: 100, quantity: 50, minPerOrder: 2, maxPerOrder: 5, ...sale };
  const seen = { ...whole, price: { amount: 100, currency: 'USD' } };

  it('changes what is named and nothing else', async () => {
    const { id } = await ticketOf(whole);
    const changes = [
      [{}, {}],
      [{ name: ' Stall ' }, { name: 'Stall' }],
      [{ price: 0 }, { price: { amount: 0, currency: 'USD' } }],
      [{ quantity: 0 }, { quantity: 0 }],
      [{ quantity: 2_147_483_647 }, { quantity: 2_147_483_647 }],
      [{ minPerOrder: 5 }, { minPerOrder: 5 }],
      [
        { minPerOrder: 6, maxPerOrder: 7 },
        { minPerOrder: 6, maxPerOrder: 7 },
      ],
      [{ salesEndAt: '2090-01-01T00:00:00Z' }, { salesEndAt: '2090-01-01T00:00:00.000Z' }],
    ] as const;
    let expected: Record<string, unknown> = { id, ...seen };
    for (const [input, change] of changes) {
      expected = { ...expected, ...change };
      expect(await update(id, input)).toEqual(expected);
      const read = await operate(world.server, 'Query.ticket', { id }, owner.token);
      expect(read.data).toMatchObject({ ticket: { name: expected.name, quantity: expected.quantity } });
    }
  });

  it('takes null for "as it is", but for the sales window, which it takes away', async () => {
    const { id } = await ticketOf(whole);
    const nulls = { name: null, price: null, quantity: null, minPerOrder: null, maxPerOrder: null };
    expect(await update(id, nulls)).toEqual({ id, ...seen });
    expect(await update(id, { salesStartAt: null })).toEqual({ id, ...seen, salesStartAt: null });
    expect(await update(id, { salesEndAt: null })).toEqual({
      id,
      ...seen,
      salesStartAt: null,
      salesEndAt: null,
    });
  });

  it('keeps what is held and sold meanwhile', async () => {
    const { id, showId } = await ticketOf({ quantity: 10, maxPerOrder: 10 });
    const buying = Array.from({ length: 5 }, () =>
      purchase(world.server, { showId, items: [{ ticketId: id, quantity: 1 }] }),
    );
    const changing = Array.from({ length: 5 }, (_, index) =>
      update(id, { quantity: 10 + index, name: `Seat ${index}` }),
    );
    await Promise.all([...buying, ...changing]);
    const { rows } = await world.database.pool.query('select held, sold from ticket where id = $1', [id]);
    expect(rows).toEqual([{ held: 0, sold: 5 }]);
  });

  it('is told to whoever watches, with a version that rises each time', async () => {
    const { id, showId } = await ticketOf({ quantity: 10 });
    const watch = subscribe<{ inventoryChanged: { tickets: Array<{ available: number; version: number }> } }>(
      world.server,
      'subscription ($id: ID!) { inventoryChanged(showId: $id) { tickets { ticketId available status version } } }',
      { id: showId },
    );
    const first = (await watch.next()).inventoryChanged.tickets[0]!;
    expect(first).toMatchObject({ ticketId: id, available: 10, status: 'ON_SALE' });
    let { version } = first;
    for (const [input, state] of [
      [{ quantity: 12 }, { available: 12, status: 'ON_SALE' }],
      [
        { name: 'Stall', price: 700 },
        { available: 12, status: 'ON_SALE' },
      ],
      [{ salesStartAt: inMinutes(60) }, { available: 12, status: 'SCHEDULED' }],
      [
        { quantity: 0, salesStartAt: null },
        { available: 0, status: 'SOLD_OUT' },
      ],
    ] as const) {
      await update(id, input);
      const { inventoryChanged } = await watch.nextWhere(({ inventoryChanged: { tickets } }) =>
        tickets.some((one) => one.available === state.available && one.version > version),
      );
      const told = inventoryChanged.tickets[0]!;
      expect(told).toMatchObject(state);
      version = told.version;
    }
    await watch.close();
  });
});

describe("a ticket's status", () => {
  it('follows its sales window and its inventory', async () => {
    const { id, showId } = await ticketOf({ quantity: 1 });
    expect(await statusOf(id)).toBe('ON_SALE');
    await update(id, { salesStartAt: inMinutes(5) });
    expect(await statusOf(id)).toBe('SCHEDULED');
    await update(id, { salesStartAt: null });
    await purchase(world.server, { showId, items: [{ ticketId: id, quantity: 1 }] });
    expect(await statusOf(id)).toBe('SOLD_OUT');
    await update(id, { salesEndAt: inMinutes(-1) });
    expect(await statusOf(id)).toBe('ENDED');
  });

  it.each([
    ["update show set status = 'CANCELLED' where id = $1", 'CANCELLED', 'ENDED'],
    ['update show set starts_at = now(), ends_at = now() where id = $1', 'ENDED', 'ENDED'],
    [
      "update show set starts_at = now(), ends_at = now() + interval '1 hour' where id = $1",
      'PUBLISHED',
      'ON_SALE',
    ],
    ['update show set starts_at = now(), ends_at = null where id = $1', 'ENDED', 'ENDED'],
  ])('follows its show: %s', async (sql, showStatus, ticketStatus) => {
    const { id, showId } = await ticketOf();
    await world.database.pool.query(sql, [showId]);
    const document = 'query ($id: ID!) { show(id: $id) { status tickets { id status } } }';
    const { data } = await graphql(world.server, document, { id: showId });
    expect(data).toEqual({ show: { status: showStatus, tickets: [{ id, status: ticketStatus }] } });
  });

  it('turns when sales begin and when they end, and whoever watches is told', async () => {
    const { id, showId } = await ticketOf({ salesStartAt: inMinutes(60) });
    const watch = subscribe<{ inventoryChanged: { tickets: Array<{ status: string }>; sentAt: string } }>(
      world.server,
      'subscription ($id: ID!) { inventoryChanged(showId: $id) { sentAt tickets { status } } }',
      { id: showId },
    );
    await watch.next();
    for (const [status, field] of [
      ['ON_SALE', 'salesStartAt'],
      ['ENDED', 'salesEndAt'],
    ] as const) {
      const at = Date.now() + 1_000;
      await update(id, { [field]: new Date(at).toISOString() });
      const { inventoryChanged } = await watch.nextWhere(
        (message) => message.inventoryChanged.tickets[0]?.status === status,
      );
      expect(Date.parse(inventoryChanged.sentAt)).toBeGreaterThanOrEqual(at);
      expect(await statusOf(id)).toBe(status);
    }
    await watch.close();
  });
});

describe('publishing a show', () => {
  async function draft(): Promise<string> {
    const input = { producerId, title: 'Draft', timeZone: 'UTC', startsAt: inMinutes(600) };
    const { data } = await operate(world.server, 'Mutation.createShow', { input }, owner.token);
    return (data as { createShow: { id: string } }).createShow.id;
  }
  const publish = (id: string) => operate(world.server, 'Mutation.publishShow', { id }, owner.token);

  it('twice changes nothing, and many times at once neither', async () => {
    const id = await draft();
    for (let time = 0; time < 2; time += 1) {
      expect(await publish(id)).toMatchObject({
        data: { publishShow: { id, status: 'PUBLISHED' } },
        errors: [],
      });
    }
    const other = await draft();
    for (const answer of await Promise.all(Array.from({ length: 6 }, () => publish(other)))) {
      expect(answer).toMatchObject({ data: { publishShow: { id: other, status: 'PUBLISHED' } }, errors: [] });
    }
  });

  it('again after it has ended answers with how it is', async () => {
    const { showId } = await ticketOf();
    await world.database.pool.query('update show set starts_at = now() where id = $1', [showId]);
    expect(await publish(showId)).toMatchObject({ data: { publishShow: { status: 'ENDED' } }, errors: [] });
  });

  it('is too late once it is cancelled, or its start has passed', async () => {
    const cancelled = await draft();
    await world.database.pool.query("update show set status = 'CANCELLED' where id = $1", [cancelled]);
    const failure = expectError(await publishAnswer(cancelled), 'CONFLICT');
    expect(failure.extensions).toEqual({ code: 'CONFLICT', status: 'CANCELLED' });
    const late = await draft();
    await world.database.pool.query('update show set starts_at = now() where id = $1', [late]);
    expect(expectError(await publishAnswer(late), 'BAD_USER_INPUT').extensions?.field).toBe('id');
    expect((await operate(world.server, 'Query.show', { id: late })).data).toEqual({ show: null });
  });

  const publishAnswer = (id: string) => owner.client.call(OPERATIONS['Mutation.publishShow'], { id });
});

describe('a show that is over', () => {
  it.each([
    ["update show set status = 'CANCELLED' where id = $1", 'CANCELLED'],
    ['update show set starts_at = now() where id = $1', 'ENDED'],
  ])('takes no more tickets: %s', async (sql, status) => {
    const { showId } = await ticketOf();
    await world.database.pool.query(sql, [showId]);
    const variables = { showId, input: { name: 'Late', price: 0, quantity: 1 } };
    const failure = expectError(
      await owner.client.call(OPERATIONS['Mutation.createTicket'], variables),
      'CONFLICT',
    );
    expect(failure.extensions).toEqual({ code: 'CONFLICT', status });
  });
});
