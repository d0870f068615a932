import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { eventually } from '../support/eventually.js';
import { createProducer, type PublishedShow, purchase, signUp } from '../support/fixtures.js';
import { type Watcher, watch } from '../support/inventory-watch.js';
import { metric } from '../support/metrics.js';
import { OPERATIONS } from '../support/operations.js';
import { type Subscription, subscribe } from '../support/websocket-client.js';
import { startWorld, type World } from '../support/world.js';

interface Message {
  readonly id?: string;
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: each document asks for something else.
  readonly payload?: any;
}

let world: World;
let show: PublishedShow;
let open: Array<{ close(): unknown }> = [];
beforeAll(async () => {
  world = await startWorld({ redis: false });
  ({ show } = await world.sell({ tickets: [{ quantity: 1_000 }, { quantity: 10 }] }));
});
afterEach(async () => {
  await Promise.all(open.map((one) => one.close()));
  open = [];
  await eventually('nobody watches', async () => (await subscribers()) === 0);
});
afterAll(async () => world.close());

const subscribers = () => metric(world.server, 'boxoffice_subscribers', { field: 'inventoryChanged' });
const executions = () => metric(world.server, 'boxoffice_shared_executions_total');
const deliveries = () => metric(world.server, 'boxoffice_shared_deliveries_total');
const ticketId = () => show.tickets[0]!.id;
const buyOne = () =>
  purchase(world.server, { showId: show.id, items: [{ ticketId: ticketId(), quantity: 1 }] });

async function watching(count: number): Promise<Watcher[]> {
  const watchers = Array.from({ length: count }, () => watch(world.server, show.id));
  open.push(...watchers);
  await Promise.all(watchers.map((watcher) => watcher.next()));
  return watchers;
}

function listen(document: string, variables: Record<string, unknown> = {}): Subscription<Message['payload']> {
  const subscription = subscribe(world.server, document, variables);
  open.push(subscription);
  return subscription;
}

/** A connection to be spoken over by hand. */
async function connect() {
  const socket = new WebSocket(`${world.server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  open.push(socket);
  const messages: Message[] = [];
  socket.on('message', (data) => messages.push(JSON.parse(String(data)) as Message));
  await once(socket, 'open');
  const say = (message: object) => socket.send(JSON.stringify(message));
  const heard = (what: string, found: (message: Message) => boolean) =>
    eventually(what, () => messages.some(found));
  say({ type: 'connection_init' });
  await heard('the acknowledgement', ({ type }) => type === 'connection_ack');
  const query = `subscription { inventoryChanged(showId: ${show.id}) { tickets { ticketId available } } }`;
  return {
    socket,
    messages,
    say,
    heard,
    subscribe: (id: string) => say({ id, type: 'subscribe', payload: { query } }),
    of: (id: string) => messages.filter((message) => message.id === id),
  };
}

describe('identical subscriptions', () => {
  it('share one execution for each change', async () => {
    const watchers = await watching(150);
    const before = { executions: await executions(), deliveries: await deliveries() };
    for (let times = 1; times <= 5; times += 1) {
      await buyOne();
      const last = watchers
        .at(-1)!
        .updates.at(-1)!
        .tickets.find((ticket) => ticket.ticketId === ticketId())!;
      await Promise.all(watchers.map((watcher) => watcher.untilAvailable(ticketId(), last.available - 1)));
    }
    expect((await executions()) - before.executions).toBe(5);
    expect((await deliveries()) - before.deliveries).toBe(5 * 150);
  });

  it('share the first message too, while nothing has changed', async () => {
    await watching(1);
    const before = await executions();
    const [one, other] = await watching(2);
    expect(one!.updates).toEqual(other!.updates);
    expect(await executions()).toBe(before);
  });

  it('are those of any viewer: signed in or not, the team or not', async () => {
    const stranger = await signUp(world.server);
    const { seller, show: own } = await world.sell({ tickets: [{ quantity: 5 }] });
    const before = await executions();
    const watchers = [undefined, stranger.token, seller.token].map((token) =>
      watch(world.server, own.id, { token }),
    );
    open.push(...watchers);
    const first = await Promise.all(watchers.map((watcher) => watcher.next()));
    expect(new Set(first.map((update) => JSON.stringify(update.tickets))).size).toBe(1);
    expect(await executions()).toBe(before + 1);
  });

  it('of a draft are still refused to who may not see it, while its team watches', async () => {
    const owner = await signUp(world.server);
    const stranger = await signUp(world.server);
    const producer = await createProducer(world.server, owner.token);
    const startsAt = new Date(Date.now() + 86_400_000).toISOString();
    const input = { producerId: producer.id, title: 'A Draft', timeZone: 'Europe/Berlin', startsAt };
    const { createShow } = await owner.client.data<{ createShow: { id: string } }>(
      OPERATIONS['Mutation.createShow'],
      { input },
    );
    const team = watch(world.server, createShow.id, { token: owner.token });
    open.push(team);
    expect((await team.next()).tickets).toEqual([]);
    for (const token of [undefined, stranger.token]) {
      const refused = watch(world.server, createShow.id, { token });
      open.push(refused);
      const { data, errors } = await refused.subscription.nextMessage();
      expect(data ?? null).toBeNull();
      expect(errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
    }
  });
});

describe('subscriptions that differ', () => {
  it.each([
    [
      'by an alias',
      'subscription($id: ID!) { mine: inventoryChanged(showId: $id) { showId } }',
      { mine: {} },
    ],
    [
      'by a fragment and __typename',
      `subscription($id: ID!) { ...Root }
       fragment Root on Subscription { inventoryChanged(showId: $id) { __typename tickets { __typename version } } }`,
      {
        inventoryChanged: { __typename: 'InventoryUpdate', tickets: [{ __typename: 'TicketInventory' }, {}] },
      },
    ],
    [
      'by what they leave out',
      `subscription($id: ID!, $brief: Boolean = true) {
         inventoryChanged(showId: $id) { showId tickets @skip(if: $brief) { version } } }`,
      { inventoryChanged: {} },
    ],
  ])('%s get each their own answer', async (_how, document, answer) => {
    const [plain] = await watching(1);
    const before = await executions();
    const own = listen(document, { id: show.id });
    const first = await own.next();
    expect(first).toMatchObject(answer);
    expect(JSON.stringify(first)).not.toContain('sentAt');
    expect(await executions()).toBe(before + 1);
    expect(Object.keys(plain!.updates[0]!).sort()).toEqual(['sentAt', 'showId', 'tickets']);
  });

  it('by their variables alone get each what they asked for', async () => {
    const document = `subscription($id: ID!, $whole: Boolean!) {
      inventoryChanged(showId: $id) { showId tickets @include(if: $whole) { ticketId } } }`;
    const [whole, brief] = [true, false].map((value) => listen(document, { id: show.id, whole: value }));
    expect((await whole!.next()).inventoryChanged.tickets).toHaveLength(2);
    expect((await brief!.next()).inventoryChanged).toEqual({ showId: show.id });
  });
});

describe('several subscriptions over one connection', () => {
  it('are told each under its own id, whatever characters that has', async () => {
    const { subscribe: begin, of, say, heard } = await connect();
    const ids = ['1', 'zwölf "Karten" \\ 🎟', 'x'.repeat(300)];
    for (const id of ids) begin(id);
    for (const id of ids) await heard(`the first message of ${id}`, (message) => message.id === id);
    say({ id: ids[0], type: 'complete' });
    await eventually('one has ended', async () => (await subscribers()) === 2);
    await buyOne();
    for (const id of ids.slice(1)) await eventually('the second message', () => of(id).length === 2);
    expect(of(ids[0]!)).toHaveLength(1);
    expect(of(ids[1]!)[1]!.payload).toEqual(of(ids[2]!)[1]!.payload);
  });

  it('may not have the same id at once, but one after the other', async () => {
    const { socket, subscribe: begin, say, of } = await connect();
    begin('same');
    await eventually('the first message', () => of('same').length === 1);
    say({ id: 'same', type: 'complete' });
    begin('same');
    await eventually('the first message again', () => of('same').length === 2);
    const closed = once(socket, 'close');
    begin('same');
    const [code] = (await closed) as [number];
    expect(code).toBe(4409);
    await eventually('nobody watches', async () => (await subscribers()) === 0);
  });

  it('are forgotten when the client goes in the middle of subscribing', async () => {
    for (let times = 0; times < 20; times += 1) {
      const { socket, subscribe: begin } = await connect();
      begin('1');
      if (times % 2 === 0) socket.terminate();
      else socket.close();
    }
    await eventually(
      'nobody is connected',
      async () => (await metric(world.server, 'boxoffice_websockets')) === 0,
    );
    expect(await subscribers()).toBe(0);
  });
});

describe('many who come at once', () => {
  it('are all served, and told of what changes', async () => {
    const watchers = await watching(500);
    expect(await subscribers()).toBe(500);
    await buyOne();
    const { available } = watchers[0]!.state.get(ticketId())!;
    await Promise.all(watchers.map((watcher) => watcher.untilAvailable(ticketId(), available - 1)));
  });
});
