import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { auditInventory } from '../support/audit.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

const CONFIRMED = '00000000-0000-4000-8000-000000000001';
const PENDING = '00000000-0000-4000-8000-000000000002';
const CONFIRMED_LINE = '00000000-0000-4000-8000-000000000011';
const PENDING_LINE = '00000000-0000-4000-8000-000000000012';

let database: TestDatabase;

afterEach(() => database.drop());

/** A ticket of which 2 are sold and 3 held, with the orders that say so. */
beforeEach(async () => {
  database = await createTestDatabase();
  await database.pool.query(`
    INSERT INTO producer (name) VALUES ('A Producer');
    INSERT INTO show (producer_id, title, time_zone, starts_at) VALUES (1, 'A Show', 'UTC', now());
    INSERT INTO show (producer_id, title, time_zone, starts_at) VALUES (1, 'Another Show', 'UTC', now());
    INSERT INTO ticket (show_id, name, price, currency, quantity, held, sold) VALUES (1, 'Seat', 500, 'USD', 10, 3, 2);
    INSERT INTO orders (id, reference, show_id, email, status, payment_status, total_amount, currency, confirmed_at)
      VALUES ('${CONFIRMED}', 'AAAA', 1, 'a@example.com', 'CONFIRMED', 'PAID', 1000, 'USD', now());
    INSERT INTO orders (id, reference, show_id, email, status, payment_status, total_amount, currency, expires_at)
      VALUES ('${PENDING}', 'BBBB', 1, 'b@example.com', 'PENDING', 'UNPAID', 1500, 'USD', now());
    INSERT INTO order_line (id, order_id, ticket_id, position, quantity, unit_price)
      VALUES ('${CONFIRMED_LINE}', '${CONFIRMED}', 1, 0, 2, 500), ('${PENDING_LINE}', '${PENDING}', 1, 0, 3, 500);
    INSERT INTO attendee (id, order_id, order_line_id, ticket_id, position, code)
      SELECT gen_random_uuid(), '${CONFIRMED}', '${CONFIRMED_LINE}', 1, number, 'code ' || number
      FROM generate_series(0, 1) AS number;
    INSERT INTO ledger_entry (kind, source_id, account, order_id, producer_id, amount, currency, occurred_at)
      VALUES ('CHARGE', 'pi_paid', 'BUYER', '${CONFIRMED}', 1, -1000, 'USD', now()),
        ('CHARGE', 'pi_paid', 'PLATFORM', '${CONFIRMED}', 1, 1000, 'USD', now());
  `);
});

describe('the audit of the inventory', () => {
  test('accepts counters that equal what the orders say', async () => {
    await expect(auditInventory(database.pool)).resolves.toBeUndefined();
  });

  test.each([
    ['held that no order holds', 'UPDATE ticket SET held = 4', 'held is 4, but its PENDING orders hold 3'],
    [
      'sold that no order bought',
      'UPDATE ticket SET sold = 3',
      'sold is 3, but its CONFIRMED orders bought 2',
    ],
    [
      'an order that ended without giving back',
      `UPDATE orders SET status = 'EXPIRED' WHERE id = '${PENDING}'`,
      'held is 3, but its PENDING orders hold 0',
    ],
    [
      'more sold than there is',
      'ALTER TABLE ticket DROP CONSTRAINT ticket_never_oversold; UPDATE ticket SET quantity = 4',
      'held 3 + sold 2 is more than its quantity 4',
    ],
    ['an attendee too few', `DELETE FROM attendee WHERE position = 1`, '1 attendees for a quantity of 2'],
    [
      'an attendee of an order that is not confirmed',
      `INSERT INTO attendee (id, order_id, order_line_id, ticket_id, position, code)
       VALUES (gen_random_uuid(), '${PENDING}', '${PENDING_LINE}', 1, 0, 'early')`,
      '1 attendees for a quantity of 3',
    ],
    [
      'an attendee of two orders at once',
      `UPDATE attendee SET order_id = '${PENDING}'`,
      'are not those of its line',
    ],
    [
      'an order without lines',
      `DELETE FROM order_line WHERE id = '${PENDING_LINE}'; UPDATE ticket SET held = 0`,
      `order ${PENDING} has no lines`,
    ],
    [
      'a place on sale again whose attendee is still valid',
      'UPDATE order_line SET restocked = 1 WHERE quantity = 2; UPDATE ticket SET sold = 1',
      '1 are on sale again, but only 0 of its attendees are revoked',
    ],
    [
      'a ledger that does not sum to zero',
      `ALTER TABLE ledger_entry DISABLE TRIGGER ledger_sums_to_zero;
       INSERT INTO ledger_entry (kind, source_id, account, order_id, producer_id, amount, currency, occurred_at)
         VALUES ('CHARGE', 'pi_1', 'PLATFORM', '${CONFIRMED}', 1, 1000, 'USD', now())`,
      `the ledger of order ${CONFIRMED} sums to 1000`,
    ],
    [
      'a paid order whose charge is not in the ledger',
      `UPDATE orders SET payment_status = 'PAID' WHERE id = '${PENDING}'`,
      `order ${PENDING} is PAID of 1500, but the ledger has charges of 0`,
    ],
    [
      'a charge for an order that is not paid',
      `UPDATE orders SET payment_status = 'UNPAID' WHERE id = '${CONFIRMED}'`,
      `order ${CONFIRMED} is UNPAID of 1000, but the ledger has charges of 1000`,
    ],
    [
      'more refunded than was paid',
      `INSERT INTO refund (id, order_id, amount, currency, reason)
         SELECT gen_random_uuid(), '${CONFIRMED}', 600, 'USD', 'OTHER' FROM generate_series(1, 2)`,
      '1200 of its 1000 are refunded or about to be',
    ],
    ['a ticket of another show', 'UPDATE orders SET show_id = 2', 'ticket 1 is of another show'],
  ])('notices %s', async (_what, nudge, difference) => {
    await database.pool.query(nudge);
    await expect(auditInventory(database.pool)).rejects.toThrow(difference);
  });
});
