import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { openPlatform, type Platform } from './local-stripe-support.js';

let platform: Platform;
let home: string;
beforeAll(async () => {
  platform = await openPlatform();
  home = mkdtempSync(join(tmpdir(), 'boxoffice-stripe-cli-'));
});
afterEach(() => {
  platform.platformHook.events.length = 0;
  platform.connectHook.events.length = 0;
});
afterAll(async () => {
  rmSync(home, { recursive: true, force: true });
  await platform.close();
});

/** Stripe's own command-line client, with nothing of whoever runs the tests. */
async function trigger(event: string): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(
    join('node_modules', '.bin', 'stripe'),
    ['trigger', event, '--api-base', platform.local.url, '--api-key', platform.local.secretKey],
    {
      env: { PATH: process.env.PATH, HOME: home, XDG_CONFIG_HOME: home, STRIPE_CLI_TELEMETRY_OPTOUT: '1' },
      timeout: 30_000,
    },
  );
  return stdout + stderr;
}

describe("Stripe's command-line client", () => {
  it.each([
    ['checkout.session.completed', { status: 'complete', payment_status: 'paid', amount_total: 3000 }],
    ['checkout.session.async_payment_succeeded', { status: 'complete', payment_status: 'paid' }],
    ['checkout.session.async_payment_failed', { status: 'complete', payment_status: 'unpaid' }],
    ['checkout.session.expired', { status: 'expired', payment_status: 'unpaid' }],
  ])('triggers %s', async (event, session) => {
    expect(await trigger(event)).toContain('Trigger succeeded!');
    await eventually(`${event} arrives`, () => platform.platformHook.types().includes(event));
    expect(platform.platformHook.events.find(({ type }) => type === event)).toMatchObject({
      data: { object: { object: 'checkout.session', ...session } },
    });
    expect(platform.platformHook.rejected).toEqual([]);
  });

  it('triggers account.updated, at the endpoint for connected accounts', async () => {
    expect(await trigger('account.updated')).toContain('Trigger succeeded!');
    await eventually('account.updated arrives', () =>
      platform.connectHook.types().includes('account.updated'),
    );
    expect(platform.connectHook.events[0]).toMatchObject({
      account: expect.stringMatching(/^acct_/),
      data: { object: { object: 'account', type: 'standard', metadata: { foo: 'bar' } } },
    });
  });
});

describe('what the client makes on its way', () => {
  it('refuses prices of products that do not exist, and items with two prices or none', async () => {
    const { stripe } = platform;
    await expect(
      stripe.prices.create({ product: 'prod_missing', currency: 'usd', unit_amount: 100 }),
    ).rejects.toMatchObject({ code: 'resource_missing', param: 'product' });
    const product = await stripe.products.create({ name: 'A Seat' });
    const price = await stripe.prices.create({ product: product.id, currency: 'usd', unit_amount: 700 });
    const session = (items: object) =>
      stripe.checkout.sessions.create({
        mode: 'payment',
        success_url: 'https://shop.example/done',
        line_items: [{ quantity: 2, ...items }],
      });
    await expect(session({})).rejects.toMatchObject({ param: 'line_items[0]' });
    const data = { currency: 'usd', unit_amount: 1, product_data: { name: 'Another' } };
    await expect(session({ price: price.id, price_data: data })).rejects.toMatchObject({
      param: 'line_items[0]',
    });
    const { id } = await session({ price: price.id });
    expect(await stripe.checkout.sessions.retrieve(id, { expand: ['line_items'] })).toMatchObject({
      amount_total: 1400,
      line_items: { data: [{ description: 'A Seat', price: { id: price.id, product: product.id } }] },
    });
  });
});
