import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createTicket } from '../../dev/seller.js';
import { callerOf, createProducer, purchase, signUp } from '../support/fixtures.js';
import { shown, told, type Watcher, watch } from '../support/inventory-watch.js';
import { OPERATIONS } from '../support/operations.js';
import { cancelAsBuyer, settlesAs } from '../support/order-life.js';
import { hasRedis } from '../support/run.js';
import type { TestServer } from '../support/server.js';
import { sessionIn } from '../support/stripe.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
/** Where people watch; everything else happens at the first server. */
let other: TestServer;
let watchers: Watcher[] = [];
beforeAll(async () => {
  world = await startWorld({ servers: hasRedis ? 2 : 1 });
  other = world.servers.at(-1)!;
});
afterEach(async () => {
  await Promise.all(watchers.map((watcher) => watcher.close()));
  watchers = [];
});
afterAll(async () => world.close());

async function watched(prices: readonly number[], quantity = 10) {
  const { show, seller } = await world.sell({ tickets: prices.map((price) => ({ price, quantity })) });
  const watcher = watch(other, show.id);
  watchers.push(watcher);
  const first = await watcher.next();
  return { show, seller, watcher, first, ids: show.tickets.map(({ id }) => id) };
}

describe('inventoryChanged', () => {
  it('tells first of the whole show as it is', async () => {
    const { show, first, ids } = await watched([0, 2500, 1000]);
    expect(first.showId).toBe(show.id);
    expect(first.tickets.map(({ ticketId }) => ticketId)).toEqual(ids);
    for (const ticket of first.tickets) {
      expect(ticket).toMatchObject({ available: 10, status: 'ON_SALE', version: expect.any(Number) });
    }
    expect(Number.isNaN(Date.parse(first.sentAt))).toBe(false);
  });

  it('tells then of the tickets that changed, and of no others, with rising versions', async () => {
    const { show, watcher, first, ids } = await watched([0, 0, 0]);
    const [before] = first.tickets;
    let version = before!.version;
    for (const available of [9, 8, 7]) {
      await purchase(world.server, { showId: show.id, items: [{ ticketId: ids[0]!, quantity: 1 }] });
      const update = await watcher.next();
      expect(update.tickets).toMatchObject([{ ticketId: ids[0], available }]);
      expect(update.tickets[0]!.version).toBeGreaterThan(version);
      version = update.tickets[0]!.version;
    }
    await purchase(world.server, { showId: show.id, items: [{ ticketId: ids[2]!, quantity: 10 }] });
    expect((await watcher.next()).tickets).toMatchObject([
      { ticketId: ids[2], available: 0, status: 'SOLD_OUT' },
    ]);
  });

  it('tells of a hold, its confirmation, and of holds that expire or are cancelled', async () => {
    const { show, watcher, ids } = await watched([2500]);
    const buy = () =>
      purchase(world.server, { showId: show.id, items: [{ ticketId: ids[0]!, quantity: 2 }] });
    const version = () => watcher.state.get(ids[0]!)!.version;

    const confirmed = await buy();
    await watcher.untilAvailable(ids[0]!, 8);
    const held = version();
    await world.stripe.pay(sessionIn(confirmed.checkoutUrl));
    await watcher.until(() => version() > held);
    expect(watcher.state.get(ids[0]!)!.available).toBe(8);

    const cancelled = await buy();
    await watcher.untilAvailable(ids[0]!, 6);
    await cancelAsBuyer(world.server, cancelled);
    await watcher.untilAvailable(ids[0]!, 8);

    const expired = await buy();
    await watcher.untilAvailable(ids[0]!, 6);
    await world.stripe.expireSession(sessionIn(expired.checkoutUrl));
    await watcher.untilAvailable(ids[0]!, 8);
    await settlesAs(world, expired.order.id, 'EXPIRED', 'UNPAID');
    expect(told(watcher)).toEqual(await shown(world.server, show.id));
  });

  it('tells of what the seller changes: quantity, sales window, and tickets that are new', async () => {
    const { show, seller, watcher, ids } = await watched([0]);
    const change = (input: object) =>
      seller.client.data(OPERATIONS['Mutation.updateTicket'], { id: ids[0], input });
    await change({ quantity: 25 });
    await watcher.untilAvailable(ids[0]!, 25);
    await change({ salesStartAt: new Date(Date.now() + 3_600_000).toISOString() });
    await watcher.until((state) => state.get(ids[0]!)?.status === 'SCHEDULED');
    await change({ salesStartAt: null });
    await watcher.until((state) => state.get(ids[0]!)?.status === 'ON_SALE');
    const input = { name: 'One more kind', price: 0, quantity: 5 };
    const added = await createTicket(callerOf(world.server, seller.token), show.id, input);
    await watcher.untilAvailable(added.id, 5);
    expect(told(watcher)).toEqual(await shown(world.server, show.id));
  });

  it('tells when sales open and end by the clock, without anybody’s doing', async () => {
    const { seller, watcher, ids } = await watched([0]);
    const change = (input: object) =>
      seller.client.data(OPERATIONS['Mutation.updateTicket'], { id: ids[0], input });
    const statusIs = (status: string) => watcher.until((state) => state.get(ids[0]!)?.status === status);
    await change({ salesStartAt: new Date(Date.now() + 3_600_000).toISOString() });
    await statusIs('SCHEDULED');
    const opensAt = Date.now() + 2_000;
    await change({ salesStartAt: new Date(opensAt).toISOString() });
    await statusIs('ON_SALE');
    expect(Date.now()).toBeGreaterThanOrEqual(opensAt);
    await change({ salesEndAt: new Date(Date.now() + 1_500).toISOString() });
    await statusIs('ENDED');
  });

  it('tells newcomers of the opening too, who came before it', async () => {
    const salesStartAt = new Date(Date.now() + 3_000).toISOString();
    const { show } = await world.sell({ tickets: [{ quantity: 5, salesStartAt }] });
    const ticketId = show.tickets[0]!.id;
    const watcher = watch(other, show.id);
    watchers.push(watcher);
    await watcher.until((state) => state.get(ticketId)?.status === 'ON_SALE');
    expect(told(watcher)).toEqual(await shown(world.server, show.id));
  });

  it('merges what happens within 50 ms, and ends with the truth', async () => {
    const { show, watcher, ids } = await watched([0, 0], 100);
    await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        purchase(world.servers[index % world.servers.length]!, {
          showId: show.id,
          items: [{ ticketId: ids[index % 2]!, quantity: 1 }],
        }),
      ),
    );
    await watcher.until((state) => ids.every((id) => state.get(id)!.available === 80));
    expect(told(watcher)).toEqual(await shown(world.server, show.id));
    const instants = watcher.updates.slice(1).map(({ sentAt }) => Date.parse(sentAt));
    const gaps = instants.slice(1).map((at, index) => at - instants[index]!);
    // Timers may ring a millisecond early, and instants are whole milliseconds.
    for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(48);
  });
});

describe('who may watch', () => {
  const failureOf = async (showId: string, token?: string) => {
    const watcher = watch(world.server, showId, { token });
    watchers.push(watcher);
    return (await watcher.subscription.nextMessage()).errors;
  };

  it('nobody, what does not exist', async () => {
    expect(await failureOf('2147483647')).toMatchObject([
      { message: 'Show not found', extensions: { code: 'NOT_FOUND' } },
    ]);
  });

  it.each(['not-a-number', '-1', '0', '1e3', '99999999999999999999', '', randomUUID()])(
    'nobody, what is no id: %j',
    async (showId) => {
      expect(await failureOf(showId)).toMatchObject([
        { message: 'Invalid show ID format', extensions: { code: 'BAD_USER_INPUT', field: 'showId' } },
      ]);
    },
  );

  it('the team alone, a draft', async () => {
    const owner = await signUp(world.server);
    const stranger = await signUp(world.server);
    const producer = await createProducer(world.server, owner.token);
    const { createShow } = await owner.client.data<{ createShow: { id: string } }>(
      OPERATIONS['Mutation.createShow'],
      {
        input: {
          producerId: producer.id,
          title: 'A Draft',
          timeZone: 'Europe/Berlin',
          startsAt: new Date(Date.now() + 86_400_000).toISOString(),
        },
      },
    );
    for (const token of [undefined, stranger.token]) {
      expect(await failureOf(createShow.id, token)).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
    }
    const watcher = watch(other, createShow.id, { token: owner.token });
    watchers.push(watcher);
    expect((await watcher.next()).tickets).toEqual([]);
    const input = { name: 'Stalls', price: 0, quantity: 5 };
    const ticket = await createTicket(callerOf(world.server, owner.token), createShow.id, input);
    await watcher.until((state) => state.get(ticket.id)?.status === 'SCHEDULED');
    await owner.client.data(OPERATIONS['Mutation.publishShow'], { id: createShow.id });
    await watcher.until((state) => state.get(ticket.id)?.status === 'ON_SALE');
  });
});
