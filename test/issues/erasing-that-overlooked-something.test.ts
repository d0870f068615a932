import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { purchase, signUp } from '../support/fixtures.js';
import { operate } from '../support/operate.js';
import { signUpOperator } from '../support/operators.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off' } });
});
afterAll(() => world.close());

const erase = (token: string) => operate(world.server, 'Mutation.eraseBuyer', {}, token);

describe('erasing a buyer', () => {
  // The statement that locked the orders also judged them, by refunds as they were before it had waited.
  it('sees a refund that began while it waited for the order', async () => {
    const { show } = await world.sell({ tickets: [{}] });
    const buyer = await signUp(world.server);
    const items = [{ ticketId: show.tickets[0]!.id, quantity: 1 }];
    const { order } = await purchase(world.server, { showId: show.id, items }, { token: buyer.token });
    const refundId = randomUUID();
    const client = await world.database.pool.connect();
    try {
      await client.query('begin');
      await client.query('select from orders where id = $1 for update', [order.id]);
      const erasure = erase(buyer.token);
      await eventually('it waits for the order', async () => {
        const { rowCount } = await client.query(
          `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        );
        return rowCount === 1;
      });
      await client.query(
        `insert into refund (id, order_id, amount, currency, reason) values ($1, $2, 100, 'USD', 'OTHER')`,
        [refundId, order.id],
      );
      await client.query('commit');
      expect((await erasure).errors).toMatchObject([
        { extensions: { code: 'CONFLICT', orderIds: [order.id] } },
      ]);
    } finally {
      await client.query('rollback');
      client.release();
    }
    await world.database.pool.query('delete from refund where id = $1', [refundId]);
    expect(await erase(buyer.token)).toMatchObject({
      data: { eraseBuyer: { orders: 1, accountErased: true } },
    });
  });

  it('who was an operator leaves in the audit log that nobody is one by this account any more', async () => {
    const [operator, other] = [await signUpOperator(world), await signUpOperator(world)];
    // Entries of one transaction were in the order of their ids as texts: 99 before 100.
    await world.database.pool.query("select setval(pg_get_serial_sequence('audit_log_entry', 'id'), 98)");
    expect((await erase(operator.token)).errors).toEqual([]);
    const log = await operate(world.server, 'Query.auditLog', { first: 2 }, other.token);
    const entry = { actorId: operator.userId, subjectType: 'User', subjectId: operator.userId };
    expect(log).toMatchObject({
      errors: [],
      data: {
        auditLog: {
          nodes: [
            { action: 'OPERATOR_REVOKED', ...entry },
            { action: 'BUYER_ERASED', ...entry },
          ],
        },
      },
    });
    expect((await operate(world.server, 'Query.auditLog', {}, operator.token)).errors).toMatchObject([
      { extensions: { code: 'FORBIDDEN' } },
    ]);
  });
});
