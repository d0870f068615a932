import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import type { Redis as RedisServer } from '../../dev/redis.js';
import { eventually } from '../support/eventually.js';
import { availability, type PublishedShow, purchase } from '../support/fixtures.js';
import { expectData, graphql } from '../support/graphql-client.js';
import { startTestRedis } from '../support/redis.js';
import { hasRedis } from '../support/run.js';
import type { TestServer } from '../support/server.js';
import { type SqlTap, startSqlTap } from '../support/sql-tap.js';
import { startWorld, type World } from '../support/world.js';

/** The age, in milliseconds, above which nothing may be told. */
const PROMISED_MS = 1_000;
const describeWithRedis = hasRedis ? describe : describe.skip;

let world: World;
let readers: TestServer;
let show: PublishedShow;
let ticketId: string;
let reading: { stop(): Promise<void> };
beforeAll(async () => {
  world = await startWorld({ servers: hasRedis ? 2 : 1, env: { WORKER: 'off' } });
  readers = world.servers.at(-1)!;
});
afterEach(() => reading?.stop());
afterAll(() => world.close());

const LIST = `query ($producerId: ID) { shows(filter: { producerId: $producerId }) { totalCount nodes {
  id title status producer { name canAcceptPayments } tickets { id name price { amount } available }
} } }`;
interface Listed {
  readonly shows: {
    readonly totalCount: number;
    readonly nodes: Array<{
      id: string;
      title: string;
      status: string;
      producer: { name: string };
      tickets: object[];
    }>;
  };
}

const list = async (server = readers) =>
  expectData(await graphql<Listed>(server, LIST, { producerId: show.producerId })).shows;
const left = async (server = readers) => (await availability(server, show.id))[ticketId];
const buyAt = (server: TestServer, quantity = 1) =>
  purchase(server, { showId: show.id, items: [{ ticketId, quantity }] });

/** A new show, which is read all the time, as one and in a list, so that it is always in memory. */
async function sellAndRead(server = readers): Promise<void> {
  ({ show } = await world.sell({ tickets: [{ quantity: 1000 }, { quantity: 5 }] }));
  ticketId = show.tickets[0]!.id;
  let stopped = false;
  const loop = async () => {
    while (!stopped) await Promise.all([list(server), left(server).catch(() => undefined), delay(20)]);
  };
  const running = loop();
  reading = {
    async stop() {
      stopped = true;
      await running;
    },
  };
  await delay(100);
}

async function change(sql: string, values: unknown[]): Promise<void> {
  await world.database.pool.query(sql, values);
  await delay(PROMISED_MS);
}

describe('a change that nobody told of', () => {
  it('is in the answer a second later', async () => {
    await sellAndRead();
    const node = async () => (await list()).nodes[0]!;
    await change("update show set title = 'By hand' where id = $1", [show.id]);
    expect(await node()).toMatchObject({ title: 'By hand' });
    await change('update ticket set quantity = 900 where id = $1', [ticketId]);
    expect(await left()).toBe(900);
    await change('update ticket set quantity = 800, version = version + 1 where id = $1', [ticketId]);
    expect(await left()).toBe(800);
    await change('update ticket set price = 777 where id = $1', [ticketId]);
    expect(await node()).toMatchObject({ tickets: [{ price: { amount: 777 } }, {}] });
    await change("update producer set name = 'Another' where id = $1", [show.producerId]);
    expect(await node()).toMatchObject({ producer: { name: 'Another' } });
    await change('delete from ticket where id = $1', [show.tickets[1]!.id]);
    expect((await node()).tickets).toHaveLength(1);
    await change(
      "insert into ticket (show_id, name, price, currency, quantity) values ($1, 'New', 0, 'USD', 3)",
      [show.id],
    );
    expect((await node()).tickets).toMatchObject([{}, { name: 'New', available: 3 }]);
    await change("update show set status = 'CANCELLED' where id = $1", [show.id]);
    expect(await node()).toMatchObject({ status: 'CANCELLED' });
  });

  it('is in the list a second later, though it be a show that comes or goes', async () => {
    await sellAndRead();
    expect((await list()).totalCount).toBe(1);
    await change(
      `insert into show (producer_id, title, time_zone, starts_at, status)
       select producer_id, 'Another', 'UTC', starts_at - interval '1 day', 'PUBLISHED' from show where id = $1`,
      [show.id],
    );
    expect(await list()).toMatchObject({ totalCount: 2, nodes: [{ title: 'Another' }, { id: show.id }] });
    await change("update show set status = 'DRAFT' where id = $1", [show.id]);
    expect(await list()).toMatchObject({ totalCount: 1, nodes: [{ title: 'Another' }] });
    await reading.stop();
    await expect(left()).rejects.toThrow('is not there');
  });

  it('is in the answer a second later though counters went back to an older version', async () => {
    await sellAndRead();
    await buyAt(readers, 3);
    // As when a backup is put back.
    await change('update ticket set quantity = 950, version = 1 where id = $1', [ticketId]);
    expect(await left()).toBe(947);
  });
});

describe('while the schema changes under a running process', () => {
  it('goes on, and is right a second later', async () => {
    await sellAndRead();
    for (const sql of [
      "alter table show add column remark text default 'none'",
      'alter table ticket add column remark jsonb, add column row_number int generated always as identity',
      "update show set remark = 'some', title = 'Migrated'",
      'alter table producer add column remark text',
      "update ticket set name = 'Migrated ' || id, quantity = quantity + 1",
    ]) {
      await world.database.pool.query(sql);
    }
    await delay(PROMISED_MS);
    expect(await list()).toMatchObject({
      nodes: [{ title: 'Migrated', tickets: [{ name: `Migrated ${ticketId}`, available: 1001 }, {}] }],
    });
    await buyAt(readers);
    expect(await left()).toBe(1000);
  });
});

describeWithRedis('messages', () => {
  let redis: Redis;
  let restarted: RedisServer | undefined;
  beforeAll(() => {
    redis = new Redis(world.redis!.url);
  });
  afterAll(async () => {
    redis.disconnect();
    await restarted?.stop();
  });

  const say = (message: unknown) =>
    redis.publish(
      `inventory:${show.id}`,
      `somebody ${typeof message === 'string' ? message : JSON.stringify(message)}`,
    );
  const counters = (sold: number, version: number) => ({
    tickets: [],
    counters: [{ id: Number(ticketId), quantity: 1000, held: 0, sold, version }],
    terms: false,
  });

  it('that come again, late or in another order take nothing back', async () => {
    await sellAndRead();
    const heard: string[] = [];
    const listener = new Redis(world.redis!.url);
    listener.on('message', (_channel, message) => heard.push(message));
    await listener.subscribe(`inventory:${show.id}`);
    for (let time = 0; time < 5; time += 1) await buyAt(world.server);
    await eventually('all messages came', async () => heard.length >= 5);
    await eventually('all are sold there too', async () => (await left()) === 995);
    for (const message of [...heard.reverse(), ...heard]) {
      await redis.publish(`inventory:${show.id}`, message.replace(/^\S+/, 'somebody'));
      expect(await left()).toBe(995);
    }
    listener.disconnect();
  });

  it('that lie are not believed for longer than a second', async () => {
    await sellAndRead();
    await say(counters(999, 1_000_000));
    await delay(PROMISED_MS);
    expect(await left()).toBe(1000);
    await buyAt(world.server);
    await eventually('what is sold is heard of again', async () => (await left()) === 999);
  });

  it('that cannot be read harm nobody', async () => {
    await sellAndRead();
    for (const message of [
      '',
      '{',
      'null',
      '[]',
      '{"counters":[null]}',
      '{"counters":[{"id":"x"}]}',
      '{"tickets":[]}',
    ]) {
      await say(message);
      expect(await left()).toBe(1000);
    }
    await redis.publish('inventory:nothing', 'somebody {}');
    await redis.publish('inventory:', '');
    await buyAt(world.server);
    await eventually('what is sold is heard of', async () => (await left()) === 999);
  });

  it('from a process that tells of no counters have the show read again', async () => {
    await sellAndRead();
    await world.database.pool.query("update show set title = 'Told' where id = $1", [show.id]);
    await say({ tickets: [], terms: true });
    await eventually('it is read again', async () => (await list()).nodes[0]!.title === 'Told', 500);
  });

  it('that are lost while nobody listens cost a second at most', async () => {
    await sellAndRead();
    for (let time = 1; time <= 5; time += 1) {
      await redis.client('KILL', 'TYPE', 'pubsub');
      await buyAt(world.server);
      await delay(PROMISED_MS);
      expect(await left()).toBe(1000 - time);
    }
  });

  it('that are not to be had, because Redis is away, cost a second at most', async () => {
    await sellAndRead();
    const { port } = world.redis!;
    await world.redis!.kill();
    await buyAt(world.server);
    await delay(PROMISED_MS);
    expect(await left()).toBe(999);
    restarted = await startTestRedis(port);
    await buyAt(world.server);
    await delay(PROMISED_MS);
    expect(await left()).toBe(998);
  });
});

describeWithRedis('a process whose clock is a minute behind', () => {
  let redis: RedisServer;
  let late: TestServer;
  let latesTap: SqlTap;
  beforeAll(async () => {
    redis = await startTestRedis();
    const clock = pathToFileURL('dist/test/support/skewed-clock.js').href;
    latesTap = await startSqlTap(world.database.url);
    late = await world.addServer({
      databaseUrl: latesTap.url,
      redisUrl: redis.url,
      env: { NODE_OPTIONS: `--import=${clock}` },
    });
    readers = await world.addServer({ redisUrl: redis.url });
  });
  afterAll(async () => {
    await Promise.all([late.stop(), readers.stop()]);
    await Promise.all([latesTap.close(), redis.stop()]);
  });

  it('is a minute behind', async () => {
    const now = Date.now();
    const entry = late.logs().at(-1)!;
    expect(new Date(String(entry.time)).getTime()).toBeLessThan(now - 50_000);
  });

  it('tells what others sold, and they what it sold', async () => {
    await sellAndRead(late);
    for (const [seller, other] of [
      [late, readers],
      [readers, late],
      [late, readers],
    ] as const) {
      const before = await left(seller);
      await buyAt(seller);
      expect(await left(seller)).toBe(before! - 1);
      await delay(PROMISED_MS);
      expect(await left(other)).toBe(before! - 1);
    }
    await change("update show set title = 'By hand' where id = $1", [show.id]);
    expect((await list(late)).nodes).toMatchObject([{ title: 'By hand' }]);
  });

  it('tells what was sold while its own question was under way', async () => {
    ({ show } = await world.sell({ tickets: [{ quantity: 1000 }] }));
    ticketId = show.tickets[0]!.id;
    const release = latesTap.holdAnswers();
    // What the database says to this is on its way, and is old when it arrives.
    const early = left(late);
    await delay(200);
    await buyAt(readers);
    await delay(200);
    release();
    expect([999, 1000]).toContain(await early);
    expect(await left(late)).toBe(999);
  });
});
