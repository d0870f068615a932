import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, type PublishedShow, type Purchase, purchase, signUp } from '../support/fixtures.js';
import { expectData, expectError, graphql, type Variables } from '../support/graphql-client.js';
import { OPERATIONS, type OperationName } from '../support/operations.js';
import { operatorCommand, signUpOperator } from '../support/operators.js';
import { counters, mailsAbout, settlesAs, withoutOrderChecks } from '../support/order-life.js';
import { sessionIn } from '../support/stripe.js';
import { deliverTo, eventAbout } from '../support/webhooks.js';
import { startWorld, type World } from '../support/world.js';

interface EventView {
  readonly id: string;
  readonly account: string | null;
  readonly outcome: string;
  readonly orderId: string | null;
  readonly attempts: number;
}
interface EventPage {
  readonly nodes: readonly EventView[];
  readonly totalCount: number;
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

let world: World;
let show: PublishedShow;
let operator: Account;
beforeAll(async () => {
  world = await startWorld();
  // Nothing happens but what operators do.
  await withoutOrderChecks(world);
  ({ show } = await world.sell({ tickets: [{ price: 2500, quantity: 100 }] }));
  operator = await signUpOperator(world);
  await world.stripe.webhooks.idle();
  await world.stripe.webhooks.pause();
});
afterEach(() => world.stripe.faults.clear());
afterAll(() => world.close());

function ask(name: OperationName, variables: Variables, token?: string) {
  return graphql<Record<string, unknown>>(world.server, OPERATIONS[name], variables, { token });
}

async function buyAndPay(): Promise<{ bought: Purchase; sessionId: string; eventId: string }> {
  const items = [{ ticketId: show.tickets[0]!.id, quantity: 1 }];
  const bought = await purchase(world.server, { showId: show.id, items });
  const sessionId = sessionIn(bought.checkoutUrl);
  await world.stripe.pay(sessionId);
  const { id: eventId } = await eventAbout(world, 'checkout.session.completed', sessionId);
  return { bought, sessionId, eventId };
}

/** A paid order whose event arrived while Stripe could not be asked. */
async function failedEvent() {
  const made = await buyAndPay();
  await world.stripe.faults.add({ kind: 'reset', match: { method: 'GET' } });
  const event = await eventAbout(world, 'checkout.session.completed', made.sessionId);
  expect((await deliverTo(world.server, world, event)).status).toBe(503);
  await world.stripe.faults.clear();
  return made;
}

async function list(variables: Readonly<Record<string, unknown>>): Promise<EventPage> {
  const answer = await ask('Query.webhookEvents', variables, operator.token);
  expect(answer.errors).toEqual([]);
  return answer.data!.webhookEvents as EventPage;
}
const about = async (orderId: string) => (await list({ filter: { orderId } })).nodes;

function replay(id: string, account?: string) {
  return ask('Mutation.replayWebhookEvent', { id, account }, operator.token);
}

describe('who may see and replay events', () => {
  const operations = [
    'Query.webhookEvents',
    'Mutation.replayWebhookEvent',
    'Mutation.replayFailedWebhookEvents',
  ] as const;

  it.each(operations)('operators alone: %s', async (operation) => {
    const variables = { id: 'evt_none' };
    const { token } = await signUp(world.server);
    expectError(await ask(operation, variables), 'UNAUTHENTICATED');
    expectError(await ask(operation, variables, token), 'FORBIDDEN');
  });

  it('ends at once when the operator is none any more', async () => {
    const former = await signUpOperator(world);
    expectData(await ask('Query.webhookEvents', {}, former.token));
    await operatorCommand(world, 'revoke', former.email);
    expectError(await ask('Query.webhookEvents', {}, former.token), 'FORBIDDEN');
  });
});

describe('the list of events', () => {
  it('has the newest first, in pages, by type, outcome and order', async () => {
    const failed = await failedEvent();
    const done = await buyAndPay();
    const event = await eventAbout(world, 'checkout.session.completed', done.sessionId);
    await deliverTo(world.server, world, { ...event, id: 'evt_other_type', type: 'something.new' });
    await deliverTo(world.server, world, event);
    await deliverTo(world.server, world, event);

    expect(await about(done.bought.order.id)).toMatchObject([
      { id: done.eventId, outcome: 'APPLIED', deliveries: 2, attempts: 1, lastError: null },
      { id: 'evt_other_type', outcome: 'IGNORED', type: 'something.new', objectId: done.sessionId },
    ]);
    expect(await about(failed.bought.order.id)).toMatchObject([
      {
        id: failed.eventId,
        outcome: 'FAILED',
        lastError: expect.stringMatching(/cannot be reached .*connection/),
      },
    ]);
    const typed = await list({ filter: { type: 'something.new' } });
    expect(typed).toMatchObject({ nodes: [{ id: 'evt_other_type' }], totalCount: 1 });
    expect((await list({ filter: { outcome: 'FAILED' } })).nodes.map(({ id }) => id)).toContain(
      failed.eventId,
    );

    const all = await list({ first: 100 });
    expect(all).toMatchObject({ totalCount: all.nodes.length, pageInfo: { hasNextPage: false } });
    const paged: EventView[] = [];
    for (let after: string | null = null; ; ) {
      const page: EventPage = await list({ first: 2, after });
      paged.push(...page.nodes);
      if (!page.pageInfo.hasNextPage) break;
      after = page.pageInfo.endCursor;
    }
    expect(paged).toEqual(all.nodes);
    const times = paged.map((node) => (node as unknown as { receivedAt: string }).receivedAt);
    expect(times).toEqual([...times].sort().reverse());
  });

  it.each([
    ['first', { first: 101 }],
    ['after', { after: 'nonsense' }],
    ['filter.orderId', { filter: { orderId: '1' } }],
    ['filter.type', { filter: { type: 'a\u0000b' } }],
  ])('says what is wrong with %s', async (field, variables) => {
    const answer = await ask('Query.webhookEvents', variables, operator.token);
    expect(expectError(answer, 'BAD_USER_INPUT').extensions).toMatchObject({ field });
  });
});

describe('replaying an event', () => {
  it('applies one that had failed', async () => {
    const { bought, eventId } = await failedEvent();
    const { replayWebhookEvent } = expectData(await replay(eventId)) as { replayWebhookEvent: EventView };
    expect(replayWebhookEvent).toMatchObject({ id: eventId, outcome: 'APPLIED', deliveries: 1, attempts: 2 });
    await settlesAs(world, bought.order.id, 'CONFIRMED', 'PAID');
  });

  it('of one that was applied changes nothing, however often', async () => {
    const { bought, sessionId, eventId } = await buyAndPay();
    await deliverTo(world.server, world, await eventAbout(world, 'checkout.session.completed', sessionId));
    const before = await counters(world, show.tickets[0]!.id);
    const replays = await Promise.all(Array.from({ length: 5 }, () => replay(eventId)));
    for (const answer of replays) {
      expect(expectData(answer)).toMatchObject({ replayWebhookEvent: { outcome: 'IGNORED' } });
    }
    expect(await about(bought.order.id)).toMatchObject([{ id: eventId, deliveries: 1, attempts: 6 }]);
    expect(await counters(world, show.tickets[0]!.id)).toEqual(before);
    expect(await mailsAbout(world, bought.order.id, 'confirmation')).toHaveLength(1);
  });

  it('applies one that was ignored, or that Stripe has forgotten, by the object it was about', async () => {
    const { bought, sessionId } = await buyAndPay();
    const event = await eventAbout(world, 'checkout.session.completed', sessionId);
    const { pool } = world.database;
    await pool.query('update orders set checkout_session_id = null where id = $1', [bought.order.id]);
    const strange = { ...event.data.object, metadata: {} };
    const forgotten = { ...event, id: 'evt_forgotten', data: { object: strange } };
    await deliverTo(world.server, world, forgotten);
    await pool.query('update orders set checkout_session_id = $2 where id = $1', [
      bought.order.id,
      sessionId,
    ]);
    expect(expectData(await replay('evt_forgotten'))).toMatchObject({
      replayWebhookEvent: { outcome: 'APPLIED', attempts: 2 },
    });
    await settlesAs(world, bought.order.id, 'CONFIRMED', 'PAID');
  });

  it('says that Stripe cannot be asked, and notes it; what was done stays done', async () => {
    const { bought, sessionId, eventId } = await buyAndPay();
    await deliverTo(world.server, world, await eventAbout(world, 'checkout.session.completed', sessionId));
    await world.stripe.faults.add({ kind: 'reset', match: { method: 'GET', path: '/v1/checkout' } });
    expectError(await replay(eventId), 'PAYMENT_PROVIDER_UNAVAILABLE');
    expect(await about(bought.order.id)).toMatchObject([
      { outcome: 'APPLIED', attempts: 2, lastError: expect.any(String) },
    ]);
  });

  it.each([
    ['an id that is none', 'evt_none', undefined],
    ['an account that has none', 'evt_other_type', 'acct_none'],
  ])('finds nothing by %s', async (_what, id, account) => {
    expectError(await replay(id, account), 'NOT_FOUND');
  });

  it('refuses an id with a character that none has', async () => {
    const { extensions } = expectError(await replay('evt\u0000'), 'BAD_USER_INPUT');
    expect(extensions).toMatchObject({ field: 'id' });
  });

  it('of all that had failed tries each', async () => {
    const failed = [await failedEvent(), await failedEvent()];
    const answer = await ask('Mutation.replayFailedWebhookEvents', {}, operator.token);
    const tried = expectData(answer).replayFailedWebhookEvents as EventView[];
    for (const { eventId, bought } of failed) {
      expect(tried).toContainEqual(expect.objectContaining({ id: eventId, outcome: 'APPLIED' }));
      await settlesAs(world, bought.order.id, 'CONFIRMED', 'PAID');
    }
    expect(await list({ filter: { outcome: 'FAILED' } })).toMatchObject({ totalCount: 0 });
  });
});
