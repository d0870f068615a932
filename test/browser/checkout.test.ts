import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { availability, orderReaches, type PublishedShow, purchase, readOrder } from '../support/fixtures.js';
import { startWorld, type World } from '../support/world.js';
import { launchChromium } from './support/chromium.js';

let world: World;
let browser: Browser;
let show: PublishedShow;
let page: Page;

beforeAll(async () => {
  world = await startWorld();
  browser = await launchChromium();
  ({ show } = await world.sell({ title: 'The Tempest', tickets: [{ name: 'Stalls', price: 6_500 }] }));
});

afterAll(async () => {
  await browser?.close();
  await world?.close();
});

beforeEach(async () => {
  page = await browser.newPage();
});

afterEach(async () => {
  await page.context().close();
});

/** Buys two tickets and takes the buyer to where they are paid. */
async function goToPay() {
  const ticketId = show.tickets[0]!.id;
  const bought = await purchase(world.server, { showId: show.id, items: [{ ticketId, quantity: 2 }] });
  expect(bought.checkoutUrl).toContain(world.stripe.url);
  await page.goto(bought.checkoutUrl!);
  return bought;
}

const isAt = (path: string) => (url: URL) => url.origin === world.server.url && url.pathname === path;

describe("a buyer on Stripe's page", () => {
  it('pays, and is thanked', async () => {
    const bought = await goToPay();
    expect(await page.getByTestId('total').textContent()).toContain('130.00');

    await page.getByTestId('pay').click();
    await page.waitForURL(isAt('/checkout/success'));

    // The page itself confirms the order, so there is nothing to wait for.
    expect(await page.getByRole('heading').textContent()).toBe('Thank you, your order is confirmed');
    expect(await page.locator('code').textContent()).toBe(bought.order.reference);
    const order = await readOrder(world.server, bought);
    expect(order).toMatchObject({ status: 'CONFIRMED', paymentStatus: 'PAID', checkoutUrl: null });
    expect(order.attendees).toHaveLength(2);
  });

  it('is declined, stays where it can be tried again, and pays', async () => {
    const bought = await goToPay();

    await page.getByTestId('decline').click();
    await page.getByRole('alert').waitFor();
    expect(await page.getByRole('alert').textContent()).toMatch(/declined/i);
    expect(await readOrder(world.server, bought)).toMatchObject({ status: 'PENDING', attendees: [] });

    await page.getByTestId('pay').click();
    await page.waitForURL(isAt('/checkout/success'));
    expect(await page.getByRole('heading').textContent()).toBe('Thank you, your order is confirmed');
    expect((await readOrder(world.server, bought)).attendees).toHaveLength(2);
  });

  it('goes back without paying: told that nothing was charged, and the tickets stay held', async () => {
    const before = await availability(world.server, show.id);
    const bought = await goToPay();

    await page.getByRole('link', { name: 'Back' }).click();
    await page.waitForURL(isAt('/checkout/cancel'));

    expect(await page.getByRole('heading').textContent()).toBe('Not paid');
    expect(await readOrder(world.server, bought)).toMatchObject({ status: 'PENDING' });
    const ticketId = show.tickets[0]!.id;
    expect((await availability(world.server, show.id))[ticketId]).toBe(before[ticketId]! - 2);
  });

  it('pays and never comes back: the webhook alone confirms the order', async () => {
    const bought = await goToPay();
    await page.route('**/checkout/success*', (route) => route.abort());

    await page.getByTestId('pay').click({ noWaitAfter: true });

    expect((await orderReaches(world.server, bought, 'CONFIRMED')).attendees).toHaveLength(2);
  });
});
