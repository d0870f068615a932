import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { freePort } from '../../dev/ports.js';
import { isAlive } from '../../dev/processes.js';
import { findRedisBinary } from '../../dev/redis.js';
import { eventually } from '../support/eventually.js';
import { availability, orderReaches, type Purchase } from '../support/fixtures.js';
import { sessionIn } from '../support/stripe.js';
import { failStart, newDirectory, openStart, paste, type Start } from './start-support.js';

/** Each test goes on where the one before has stopped, as somebody does who tries this out. */
let port: number;
let directory: string;
let start: Start;
let unpaid: Purchase;

beforeAll(async () => {
  port = await freePort();
  directory = newDirectory();
  start = await openStart({ port, directory });
}, 180_000);

afterAll(async () => {
  start?.signal('SIGKILL');
  await eventually('its servers are gone', () => !start?.pids.some(isAlive), 30_000);
});

it('starts what there is, and says so', async () => {
  expect(start.pids).toHaveLength(findRedisBinary() ? 3 : 2);
  const output = start.lines.join('\n');
  expect(output).toContain(`http://localhost:${port}/graphiql`);
  expect(output).toContain(findRedisBinary() ? 'Redis         127.0.0.1:' : 'Redis         none on PATH');
  expect(output).not.toMatch(/warning|error/);
  expect((await fetch(`${start.url}/graphiql`)).status).toBe(200);
});

it('sells by the commands that it prints, and sends the tickets', async () => {
  const [freeCommand, paidCommand] = start.commands();
  const free = await paste(freeCommand!);
  expect(free).toMatchObject({ checkoutUrl: null, order: { status: 'CONFIRMED' } });
  expect(free.order.attendees).toHaveLength(2);

  const paid = await paste(paidCommand!);
  expect(paid.order.status).toBe('PENDING');
  expect((await fetch(paid.checkoutUrl!)).status).toBe(200);
  await start.stripe.pay(sessionIn(paid.checkoutUrl));
  const order = await orderReaches(start, paid, 'CONFIRMED');
  expect(order.paymentStatus).toBe('PAID');
  await eventually('both orders have their mail', () => start.mails().length === 2);
});

it('stops all of it on one Ctrl-C, which npm passes on a second time', async () => {
  unpaid = await paste(start.commands()[1]!);
  start.signal('SIGINT');
  start.signal('SIGINT');
  expect(await start.closed).toEqual({ code: 0, signal: null });
  expect(start.pids.filter(isAlive)).toEqual([]);
});

it('goes on where it stopped: shows, orders, and what Stripe knows of them', async () => {
  const { pids, lines } = start;
  start = await openStart({ port, directory });
  expect(start.pids.some((pid) => pids.includes(pid))).toBe(false);
  expect(start.commands()).toEqual(lines.filter((line) => line.startsWith('curl ')));

  await start.stripe.pay(sessionIn(unpaid.checkoutUrl));
  expect((await orderReaches(start, unpaid, 'CONFIRMED')).paymentStatus).toBe('PAID');
  const paid = await paste(start.commands()[1]!);
  await start.stripe.pay(sessionIn(paid.checkoutUrl));
  await orderReaches(start, paid, 'CONFIRMED');
  const [, showId] = /"showId":"(\d+)"/.exec(start.commands()[1]!)!;
  expect(Object.values(await availability(start, showId!))).toContain(300 - 3);
});

it('can be started again at once after it was killed, and leaves no process behind', async () => {
  unpaid = await paste(start.commands()[1]!);
  const { pids } = start;
  start.signal('SIGKILL');
  await start.closed;
  start = await openStart({ port, directory });
  await eventually('the servers of the killed one are gone', () => !pids.some(isAlive), 30_000);
  await start.stripe.pay(sessionIn(unpaid.checkoutUrl));
  await orderReaches(start, unpaid, 'CONFIRMED');
}, 120_000);

it('gives way to one that runs already, and to whoever has its port', async () => {
  const same = await failStart({ port, directory });
  expect(same.exit).toEqual({ code: 1, signal: null });
  expect(same.output).toMatch(/^It is already running.*PORT=\d+ npm start$/);

  const elsewhere = await failStart({ port, directory: newDirectory() });
  expect(elsewhere.exit).toEqual({ code: 1, signal: null });
  expect(elsewhere.output).toBe(
    `Port ${port} is taken. Stop what listens there, or start on another port: PORT=${port + 1} npm start`,
  );

  const nonsense = await failStart({ port, directory, env: { PORT: 'many' } });
  expect(nonsense.exit).toEqual({ code: 1, signal: null });
  expect(nonsense.output).toBe('PORT is "many"; it must be a number from 1 to 65535.');
  expect(start.pids.every(isAlive)).toBe(true);
});
