import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { accountIn } from '../../dev/start/stripe.js';
import { eventually } from '../support/eventually.js';
import { type Account, type PublishedShow, purchase, signUp } from '../support/fixtures.js';
import { expectData, graphql, type Variables } from '../support/graphql-client.js';
import { operate } from '../support/operate.js';
import type { OperationName } from '../support/operations.js';
import { operatorCommand, signUpOperator } from '../support/operators.js';
import { traces } from '../support/row-counts.js';
import { startWorld, type World } from '../support/world.js';

interface Entry {
  readonly id: string;
  readonly action: string;
  readonly actorId: string | null;
  readonly subjectType: string;
  readonly subjectId: string;
  readonly details: Readonly<Record<string, unknown>>;
}
interface Log {
  readonly nodes: readonly Entry[];
  readonly totalCount: number;
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

let world: World;
let owner: Account;
let operator: Account;
let show: PublishedShow;
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off' } });
  const sold = await world.sell({
    title: 'Logged',
    tickets: [{ quantity: 50 }, { price: 900, quantity: 50 }],
  });
  owner = sold.seller;
  show = sold.show;
  operator = await signUpOperator(world);
});
afterAll(() => world.close());

async function done(name: OperationName, variables: Variables, token = owner.token) {
  const answer = await operate(world.server, name, variables, token);
  expect(answer.errors).toEqual([]);
  return answer.data![name.split('.')[1]!] as Record<string, unknown>;
}

async function logOf(variables: Variables = {}, token = operator.token): Promise<Log> {
  return (await done('Query.auditLog', variables, token)) as unknown as Log;
}

/** As whoever this is sees it on the producer, by way of a show. */
async function ownLog(token?: string): Promise<Log | null> {
  const document = `query ($id: ID!) { show(id: $id) { producer { auditLog(first: 100) {
    nodes { id action actorId subjectType subjectId details } totalCount pageInfo { hasNextPage endCursor }
  } } } }`;
  const answer = await graphql<{ show: { producer: { auditLog: Log | null } } }>(
    world.server,
    document,
    { id: show.id },
    { token },
  );
  return expectData(answer).show.producer.auditLog;
}

const free = () => ({ showId: show.id, items: [{ ticketId: show.tickets[0]!.id, quantity: 1 }] });
const paid = () => ({ showId: show.id, items: [{ ticketId: show.tickets[1]!.id, quantity: 1 }] });

async function newest(): Promise<Entry> {
  return (await logOf({ producerId: show.producerId, first: 1 })).nodes[0]!;
}

describe('the audit log', () => {
  it('begins with how the producer came to sell', async () => {
    const { nodes } = (await ownLog(owner.token))!;
    expect(nodes.map(({ action }) => action).toReversed()).toEqual([
      'PRODUCER_CREATED',
      'STRIPE_ACCOUNT_CONNECTED',
      'STRIPE_ACCOUNT_CHANGED',
      'SHOW_CREATED',
      'TICKET_CREATED',
      'TICKET_CREATED',
      'SHOW_PUBLISHED',
    ]);
    const byStripe = nodes.filter(({ actorId }) => actorId === null);
    expect(byStripe.map(({ action }) => action)).toEqual(['STRIPE_ACCOUNT_CHANGED']);
    expect(byStripe[0]!.details).toEqual({ canAcceptPayments: { from: false, to: true } });
    for (const { actorId } of nodes) expect([owner.userId, null]).toContain(actorId);
  });

  it('says what of a ticket was changed, from what to what, and nothing where nothing was', async () => {
    const [ticket] = show.tickets;
    await done('Mutation.updateTicket', { id: ticket!.id, input: { quantity: 60, maxPerOrder: 5 } });
    expect(await newest()).toMatchObject({
      action: 'TICKET_UPDATED',
      actorId: owner.userId,
      subjectType: 'Ticket',
      subjectId: ticket!.id,
      details: { quantity: { from: 50, to: 60 }, maxPerOrder: { from: 10, to: 5 } },
    });
    const { id } = await newest();
    await done('Mutation.updateTicket', { id: ticket!.id, input: { quantity: 60 } });
    await done('Mutation.publishShow', { id: show.id });
    expect((await newest()).id).toBe(id);
  });

  it('tells a cancellation by the team from one by the buyer', async () => {
    const buyer = await signUp(world.server);
    const [own, other, anonymous] = [
      await purchase(world.server, paid(), { token: buyer.token }),
      await purchase(world.server, paid(), { token: buyer.token }),
      await purchase(world.server, paid()),
    ];
    await done('Mutation.cancelOrder', { id: other.order.id });
    const entry = await newest();
    expect(entry).toMatchObject({
      action: 'ORDER_CANCELLED',
      actorId: owner.userId,
      subjectId: other.order.id,
    });
    await done('Mutation.cancelOrder', { id: own.order.id }, buyer.token);
    await operate(world.server, 'Mutation.cancelOrder', {
      id: anonymous.order.id,
      accessToken: anonymous.accessToken,
    });
    expect((await newest()).id).toBe(entry.id);
  });

  it('names who refunded what, and once for the same refund sent twice', async () => {
    const { order } = await purchase(world.server, free());
    const input = {
      orderId: order.id,
      reason: 'DUPLICATE',
      note: 'Dear Ada',
      idempotencyKey: 'audited-once',
    };
    const { id } = await done('Mutation.refundOrder', { input });
    await done('Mutation.refundOrder', { input });
    const { nodes } = await logOf({ producerId: show.producerId, first: 3 });
    expect(nodes.filter(({ subjectId }) => subjectId === id)).toMatchObject([
      {
        action: 'REFUND_MADE',
        actorId: owner.userId,
        subjectType: 'Refund',
        details: { orderId: order.id, amount: 0, currency: 'USD', reason: 'DUPLICATE', restock: false },
      },
    ]);
  });

  it('has what operators do, to a producer and to the platform', async () => {
    await done('Mutation.setPlatformFee', { producerId: show.producerId, percent: 2.5 }, operator.token);
    expect(await newest()).toMatchObject({
      action: 'PLATFORM_FEE_SET',
      actorId: operator.userId,
      details: { percent: { from: null, to: 2.5 } },
    });
    const account = await signUp(world.server);
    for (const command of ['grant', 'grant', 'revoke']) {
      await operatorCommand(world, command, account.email);
    }
    const { nodes } = await logOf({ first: 2 });
    expect(nodes).toMatchObject([
      { action: 'OPERATOR_REVOKED', actorId: null, subjectType: 'User', subjectId: account.userId },
      { action: 'OPERATOR_GRANTED', actorId: null, subjectType: 'User', subjectId: account.userId },
    ]);
    expect((await ownLog(owner.token))!.nodes.map(({ action }) => action)).not.toContain('OPERATOR_GRANTED');
    const { rows } = await world.database.pool.query(
      "select event_id from webhook_event where type = 'account.updated' limit 1",
    );
    const { rows: accounts } = await world.database.pool.query(
      'select account from webhook_event where event_id = $1',
      [rows[0].event_id],
    );
    const event = { id: rows[0].event_id, account: accounts[0].account };
    await done('Mutation.replayWebhookEvent', event, operator.token);
    const replay = (await logOf({ first: 5 })).nodes.find(
      ({ action }) => action === 'WEBHOOK_EVENT_REPLAYED',
    );
    expect(replay).toMatchObject({ actorId: operator.userId, subjectId: event.id });
  });

  it('notes that Stripe or its owner took the account away', async () => {
    const other = await world.sell({ tickets: [{ price: 500 }] });
    const urls = { returnUrl: 'https://shop.example/', refreshUrl: 'https://shop.example/' };
    const { url } = await done(
      'Mutation.connectStripeAccount',
      { producerId: other.show.producerId, ...urls },
      other.seller.token,
    );
    await world.stripe.disableCharges(accountIn(String(url)));
    const change = await eventually('the change is in the log', async () => {
      const { nodes } = await logOf({ producerId: other.show.producerId, first: 1 });
      return nodes[0]!.details.canAcceptPayments !== undefined && nodes[0];
    });
    expect(change).toMatchObject({
      actorId: null,
      details: { canAcceptPayments: { from: true, to: false } },
    });
  });

  it('is read by the owner and operators, and by nobody else', async () => {
    const { seller: otherOwner } = await world.sell({ tickets: [{}] });
    for (const token of [undefined, (await signUp(world.server)).token, otherOwner.token]) {
      expect(await ownLog(token)).toBeNull();
    }
    expect(await ownLog(operator.token)).toEqual(await ownLog(owner.token));
    const refused = await operate(
      world.server,
      'Query.auditLog',
      { producerId: show.producerId },
      owner.token,
    );
    expect(refused.errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
  });

  it('comes page by page, newest first', async () => {
    const whole = await logOf({ producerId: show.producerId, first: 100 });
    expect(whole.totalCount).toBe(whole.nodes.length);
    const paged: Entry[] = [];
    for (let after: string | null = null; ; ) {
      const page: Log = await logOf({ producerId: show.producerId, first: 3, after });
      paged.push(...page.nodes);
      after = page.pageInfo.endCursor;
      if (!page.pageInfo.hasNextPage) break;
    }
    expect(paged).toEqual(whole.nodes);
    const ids = paged.map(({ id }) => Number(id));
    expect(ids).toEqual(ids.toSorted((one, other) => other - one));
    const wrong = await operate(world.server, 'Query.auditLog', { after: 'nonsense' }, operator.token);
    expect(wrong.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', field: 'after' } }]);
  });

  it.each([
    'update audit_log_entry set actor_id = null',
    'delete from audit_log_entry',
    'truncate audit_log_entry',
  ])('cannot be changed: %s', async (statement) => {
    await expect(world.database.pool.query(statement)).rejects.toThrow('The audit log is append-only');
  });

  it('says nothing of a person but an id', async () => {
    const { rows } = await world.database.pool.query(
      'select audit_log_entry::text as row from audit_log_entry',
    );
    const text = rows.map(({ row }) => row).join('\n');
    expect(text).not.toMatch(/@|Dear Ada/);
  });

  it('and the change it is about are there together, or neither is', async () => {
    await world.database.pool.query(`
      create function no_log() returns trigger language plpgsql as $$ begin raise exception 'full'; end $$;
      create trigger no_log before insert on audit_log_entry for each statement execute function no_log();`);
    const { order } = await purchase(world.server, free());
    const held = await purchase(world.server, paid());
    const before = await traces(world);
    try {
      for (const [name, variables] of [
        ['Mutation.createProducer', { input: { name: 'None' } }],
        [
          'Mutation.createShow',
          {
            input: {
              producerId: show.producerId,
              title: 'None',
              timeZone: 'UTC',
              startsAt: '2090-01-01T00:00:00Z',
            },
          },
        ],
        ['Mutation.createTicket', { showId: show.id, input: { name: 'None', price: 0, quantity: 1 } }],
        ['Mutation.updateTicket', { id: show.tickets[0]!.id, input: { quantity: 70 } }],
        ['Mutation.cancelShow', { id: show.id }],
        ['Mutation.refundOrder', { input: { orderId: order.id, reason: 'OTHER', restock: true } }],
        ['Mutation.cancelOrder', { id: held.order.id }],
      ] as const) {
        const { errors } = await operate(world.server, name, variables, owner.token);
        expect({ name, errors }).toMatchObject({
          errors: [{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }],
        });
      }
    } finally {
      await world.database.pool.query('drop trigger no_log on audit_log_entry');
    }
    expect(await traces(world)).toEqual(before);
    const { rows } = await world.database.pool.query('select status from show where id = $1', [show.id]);
    expect(rows).toEqual([{ status: 'PUBLISHED' }]);
    await done('Mutation.cancelShow', { id: show.id });
    expect(await newest()).toMatchObject({ action: 'SHOW_CANCELLED', actorId: owner.userId });
  });
});
