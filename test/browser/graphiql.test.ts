import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { DEMO_USER } from '../../dev/demo.js';
import { sellVariables } from '../../src/http/graphiql/page/operations.js';
import { eventually } from '../support/eventually.js';
import {
  type Account,
  availability,
  type PublishedShow,
  type Purchase,
  purchase,
  readOrder,
  signUp,
} from '../support/fixtures.js';
import { startWorld, type World } from '../support/world.js';
import { launchChromium } from './support/chromium.js';
import { GraphiqlPage } from './support/graphiql-page.js';
import { type PageLog, watchPage } from './support/page-log.js';

const QUANTITY = 50;

let world: World;
let browser: Browser;
let seller: Account;
let show: PublishedShow;
let graphiql: GraphiqlPage;
let log: PageLog;

beforeAll(async () => {
  world = await startWorld();
  browser = await launchChromium();
  ({ seller, show } = await world.sell({
    title: 'Night of the Long Queues',
    tickets: [{ name: 'Standing', price: 1_500, quantity: QUANTITY }],
  }));
  // The ready operations name the first show of a database and its first ticket.
  expect([show.id, show.tickets[0]?.id]).toEqual(['1', '1']);
});

afterAll(async () => {
  await browser?.close();
  await world?.close();
});

beforeEach(async () => {
  // A context of its own: GraphiQL keeps tabs and headers in the browser's storage.
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
  log = watchPage(page, world.server.url);
  graphiql = new GraphiqlPage(page);
  await graphiql.open(world.server.url);
});

afterEach(async () => {
  await graphiql.page.context().close();
});

function buyElsewhere(quantity: number): Promise<Purchase> {
  return purchase(world.server, { showId: '1', items: [{ ticketId: '1', quantity }] });
}

const available = async (): Promise<number> => (await availability(world.server, '1'))['1']!;

describe('GraphiQL in a browser', () => {
  it('loads, with its workers and the schema, from its own server alone', async () => {
    const { page } = graphiql;
    await eventually('the editors have their workers', () => page.workers().length >= 3);
    await page.getByRole('button', { name: /documentation explorer/i }).click();
    await page.getByText('PurchaseTicketsInput', { exact: true }).waitFor();
    await page.waitForLoadState('networkidle');

    expect(page.workers().map((worker) => new URL(worker.url()).origin)).toEqual(
      page.workers().map(() => world.server.url),
    );
    expect(log).toEqual({ failed: [], foreign: [], errors: [], webSockets: [] });
    await graphiql.screenshot('graphiql-documentation');
  });

  it('browses shows with their tickets', async () => {
    await graphiql.run();

    await graphiql.response.getByText('"Night of the Long Queues"').waitFor();
    await graphiql.response.getByText('"Standing"').waitFor();
    await graphiql.screenshot('graphiql-browse');
    expect(log).toEqual({ failed: [], foreign: [], errors: [], webSockets: [] });
  });

  it('buys tickets', async () => {
    const before = await available();
    await graphiql.openTab('Buy', 'mutation Buy');

    const { data, errors } = await graphiql.runOverHttp<{ purchaseTickets: Purchase }>();

    expect(errors).toBeUndefined();
    await graphiql.response.getByText(`"${data.purchaseTickets.order.reference}"`).waitFor();
    await graphiql.screenshot('graphiql-buy');
    expect(await readOrder(world.server, data.purchaseTickets)).toMatchObject({
      status: 'PENDING',
      total: { amount: 3_000, currency: 'USD' },
    });
    expect(await available()).toBe(before - 2);
  });

  it('shows what is left of a show, and what is left of it once somebody has bought', async () => {
    const before = await available();
    await graphiql.openTab('Watch', 'subscription Watch');
    await graphiql.run();
    await graphiql.response.getByText(`"available": ${before}`).waitFor();

    await buyElsewhere(3);

    await graphiql.response.getByText(`"available": ${before - 3}`).waitFor();
    await graphiql.screenshot('graphiql-watch');
    expect(log.webSockets).toEqual([`${world.server.url.replace('http', 'ws')}/graphql`]);
    expect(log).toMatchObject({ failed: [], foreign: [], errors: [] });
  });

  it('sells: from signing in to a show on sale', async () => {
    await signUp(world.server, DEMO_USER);
    await graphiql.openTab('SellSignIn', 'mutation SellSignIn');
    const run = async <Data>(operation: string): Promise<Data> => {
      const { data, errors } = await graphiql.runOverHttp<Data>(operation);
      expect(errors).toBeUndefined();
      return data;
    };
    const useIds = (ids: Record<string, unknown>): Promise<void> =>
      graphiql.paste('Variables', JSON.stringify({ ...sellVariables(new Date(), world.server.url), ...ids }));

    const { signIn } = await run<{ signIn: { accessToken: string } }>('SellSignIn');
    await graphiql.paste('Headers', JSON.stringify({ Authorization: `Bearer ${signIn.accessToken}` }));
    const { createProducer } = await run<{ createProducer: { id: string } }>('SellCreateProducer');
    const producerId = createProducer.id;
    await useIds({ producerId });
    const { connectStripeAccount } = await run<{ connectStripeAccount: { url: string } }>(
      'SellConnectStripe',
    );
    await world.stripe.finishOnboarding(connectStripeAccount.url);
    const { show: example } = sellVariables(new Date(), world.server.url);
    await useIds({ producerId, show: { ...example, producerId } });
    const { createShow } = await run<{ createShow: { id: string } }>('SellCreateShow');
    await useIds({ showId: createShow.id });
    await run('SellCreateTicket');
    const { publishShow } = await run<{ publishShow: unknown }>('SellPublishShow');

    expect(publishShow).toMatchObject({
      id: createShow.id,
      status: 'PUBLISHED',
      tickets: [{ status: 'ON_SALE' }],
    });
    await graphiql.screenshot('graphiql-sell');
  });

  it('runs as whoever the Authorization header names, and keeps the header when it is loaded again', async () => {
    const viewer = '{ viewer { email } }';
    await graphiql.paste('query', viewer);
    expect((await graphiql.runOverHttp()).data).toEqual({ viewer: null });

    await graphiql.paste('Headers', JSON.stringify({ Authorization: `Bearer ${seller.token}` }));
    expect((await graphiql.runOverHttp()).data).toEqual({ viewer: { email: seller.email } });
    await eventually('GraphiQL has stored its tabs', async () => {
      const stored = await graphiql.page.evaluate<string>(`localStorage.getItem('graphiql:tabState') ?? ''`);
      return stored.includes(seller.token) && stored.includes('viewer');
    });
    await graphiql.open(world.server.url);

    expect((await graphiql.runOverHttp()).data).toEqual({ viewer: { email: seller.email } });
  });

  it('watches as whoever the Authorization header names', async () => {
    const bought = await buyElsewhere(1);
    const watch = `subscription Mine { orderUpdated(id: "${bought.order.id}") { reference status } }`;
    await graphiql.paste('query', watch);
    await graphiql.run();
    await graphiql.response.getByText('"errors"').waitFor();

    // The producer's team may read the order; nobody else may without its access token.
    await graphiql.paste('Headers', JSON.stringify({ Authorization: `Bearer ${seller.token}` }));
    await graphiql.run();

    await graphiql.response.getByText(`"${bought.order.reference}"`).waitFor();
  });
});
