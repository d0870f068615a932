import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, it } from '@jest/globals';
import Stripe from 'stripe';
import { connectLocalStripe } from '../../dev/stripe/index.js';
import { sessionParams } from './local-stripe-support.js';

const MAIN = 'dist/dev/stripe/main.js';

it('runs as a process of its own, until it is told to stop', async () => {
  const child = spawn(process.execPath, [MAIN, '--port', '0', '--secret-key', 'sk_test_mine', '--quiet'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
    const url = new URL(/http:\S+/.exec(line)![0]);
    const stripe = new Stripe('sk_test_mine', { host: url.hostname, port: url.port, protocol: 'http' });
    const session = await stripe.checkout.sessions.create(sessionParams());
    const control = connectLocalStripe(url.origin);
    expect(await control.pay(session.id)).toMatchObject({ payment_status: 'paid' });
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  } finally {
    child.kill('SIGKILL');
  }
});

it.each([
  [['--port', 'many'], '--port is a number'],
  [['--webhook', 'whsec_only'], 'A webhook is given as <url>,<secret>'],
  [['--unknown'], "Unknown option '--unknown'"],
])('says what is wrong with %j', async (options, message) => {
  const child = spawn(process.execPath, [MAIN, ...options], { stdio: ['ignore', 'ignore', 'pipe'] });
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  expect(await once(child, 'close')).toEqual([1, null]);
  expect(output).toContain(message);
  expect(output).toContain('Usage:');
});
