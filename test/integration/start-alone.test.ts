import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { freePort } from '../../dev/ports.js';
import { isAlive } from '../../dev/processes.js';
import { eventually } from '../support/eventually.js';
import { availability, orderReaches } from '../support/fixtures.js';
import { sessionIn } from '../support/stripe.js';
import { newDirectory, openStart, paste, type Start, type StartOptions } from './start-support.js';

/** The first has no Redis and holds tickets for a second and a half; the second one runs beside it. */
let first: Start;
let options: StartOptions;
let second: Start;

beforeAll(async () => {
  const directory = newDirectory();
  first = await openStart({
    port: await freePort(),
    directory: join(directory, 'data'),
    env: { PATH: pathWithoutRedis(join(directory, 'programs')), HOLD_MINUTES: '0.025' },
  });
  options = { port: await freePort(), directory: newDirectory() };
}, 180_000);

afterAll(async () => {
  const starts = [first, second];
  for (const start of starts) start?.signal('SIGKILL');
  const pids = starts.flatMap((start) => start?.pids ?? []);
  await eventually('their servers are gone', () => !pids.some(isAlive), 30_000);
});

/** All that the private servers need of a system. */
function pathWithoutRedis(directory: string): string {
  mkdirSync(directory);
  for (const name of ['id', 'sleep']) {
    const found = execFileSync('/bin/sh', ['-c', 'command -v "$1"', 'sh', name], { encoding: 'utf8' });
    symlinkSync(found.trim(), join(directory, name));
  }
  return directory;
}

async function stopSecond(): Promise<void> {
  second.signal('SIGINT');
  expect(await second.closed).toEqual({ code: 0, signal: null });
}

async function buyAndPay(start: Start): Promise<void> {
  const paid = await paste(start.commands()[1]!);
  await start.stripe.pay(sessionIn(paid.checkoutUrl));
  await orderReaches(start, paid, 'CONFIRMED');
}

it('does without Redis, and says so once', async () => {
  expect(first.pids).toHaveLength(2);
  expect(first.lines.filter((line) => /redis/i.test(line))).toEqual([
    '  Redis         none on PATH: locks and events stay inside the one server process',
  ]);
  const free = await paste(first.commands()[0]!);
  expect(free.order.status).toBe('CONFIRMED');
});

it('gives tickets back that nobody pays for', async () => {
  const command = first.commands()[1]!;
  const showId = /"showId":"(\d+)"/.exec(command)![1]!;
  const before = await availability(first, showId);
  const order = await orderReaches(first, await paste(command), 'EXPIRED');
  expect(order.paymentStatus).toBe('UNPAID');
  expect(await availability(first, showId)).toEqual(before);
  const [session] = (await first.stripe.events()).filter(({ type }) => type === 'checkout.session.expired');
  expect(session).toBeDefined();
});

it('runs beside another one', async () => {
  second = await openStart(options);
  await buyAndPay(second);
  expect(first.pids.every(isAlive)).toBe(true);
  await stopSecond();
  expect((await fetch(`${first.url}/health/ready`)).status).toBe(200);
}, 120_000);

it('starts with a new database when what Stripe knew is lost, and keeps the old one', async () => {
  writeFileSync(join(options.directory, 'stripe.json'), '{"format":"local-str');
  second = await openStart(options);
  const output = second.lines.join('\n');
  expect(output).toContain('its state was damaged and is now stripe.json.unusable');
  expect(output).toMatch(/database {6}a new one for a new Stripe; kept beside it: boxoffice_[0-9a-f]{8}\n/);
  await buyAndPay(second);
  await stopSecond();
}, 120_000);

it('starts with a new Stripe when the database is lost', async () => {
  rmSync(join(options.directory, 'postgres'), { recursive: true });
  second = await openStart(options);
  await buyAndPay(second);
  expect((await second.stripe.events()).filter(({ type }) => type === 'charge.succeeded')).toHaveLength(1);
  await stopSecond();
  expect(readdirSync(options.directory)).not.toContain('start.pid');
}, 120_000);
