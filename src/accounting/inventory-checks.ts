/** Each returns one row per contradiction, with a sentence that says what contradicts what. */
const CHECKS: readonly string[] = [
  `SELECT format('ticket %s: held is %s, but its PENDING orders hold %s', ticket.id, ticket.held, total.quantity)
     AS difference
   FROM ticket
   CROSS JOIN LATERAL (
     SELECT coalesce(sum(order_line.quantity), 0) AS quantity
     FROM order_line JOIN orders ON orders.id = order_line.order_id
     WHERE order_line.ticket_id = ticket.id AND orders.status = 'PENDING'
   ) AS total
   WHERE ticket.held <> total.quantity`,
  `SELECT format('ticket %s: sold is %s, but its CONFIRMED orders bought %s', ticket.id, ticket.sold, total.quantity)
     AS difference
   FROM ticket
   CROSS JOIN LATERAL (
     SELECT coalesce(sum(order_line.quantity - order_line.restocked), 0) AS quantity
     FROM order_line JOIN orders ON orders.id = order_line.order_id
     WHERE order_line.ticket_id = ticket.id AND orders.status = 'CONFIRMED'
   ) AS total
   WHERE ticket.sold <> total.quantity`,
  `SELECT format('ticket %s: held %s + sold %s is more than its quantity %s', id, held, sold, quantity) AS difference
   FROM ticket
   WHERE held < 0 OR sold < 0 OR held + sold > quantity`,
  `SELECT format('line %s of the %s order %s: %s attendees for a quantity of %s', order_line.id, orders.status,
     orders.id, present.attendees, order_line.quantity) AS difference
   FROM order_line
   JOIN orders ON orders.id = order_line.order_id
   CROSS JOIN LATERAL (
     SELECT count(*) AS attendees FROM attendee WHERE attendee.order_line_id = order_line.id
   ) AS present
   WHERE present.attendees <> CASE WHEN orders.status = 'CONFIRMED' THEN order_line.quantity ELSE 0 END`,
  `SELECT format('attendee %s: order %s and ticket %s are not those of its line', attendee.id, attendee.order_id,
     attendee.ticket_id) AS difference
   FROM attendee
   JOIN order_line ON order_line.id = attendee.order_line_id
   WHERE attendee.order_id <> order_line.order_id OR attendee.ticket_id <> order_line.ticket_id`,
  `SELECT format('order %s has no lines', orders.id) AS difference
   FROM orders
   WHERE NOT EXISTS (SELECT FROM order_line WHERE order_line.order_id = orders.id)`,
  `SELECT format('order %s: ticket %s is of another show', orders.id, ticket.id) AS difference
   FROM orders
   JOIN order_line ON order_line.order_id = orders.id
   JOIN ticket ON ticket.id = order_line.ticket_id
   WHERE ticket.show_id <> orders.show_id`,
  `SELECT format('line %s: %s are on sale again, but only %s of its attendees are revoked', order_line.id,
     order_line.restocked, revoked.attendees) AS difference
   FROM order_line
   CROSS JOIN LATERAL (
     SELECT count(*) AS attendees FROM attendee
     WHERE attendee.order_line_id = order_line.id AND attendee.status = 'REVOKED'
   ) AS revoked
   WHERE order_line.restocked > revoked.attendees`,
  `SELECT format('the ledger of order %s sums to %s', order_id, sum(amount)) AS difference
   FROM ledger_entry GROUP BY order_id HAVING sum(amount) <> 0`,
  `SELECT format('order %s: %s of its %s are refunded or about to be', orders.id, total.refunded, orders.total_amount)
     AS difference
   FROM orders
   CROSS JOIN LATERAL (
     SELECT greatest(sum(amount) FILTER (WHERE status <> 'FAILED'),
       sum(amount) FILTER (WHERE reason <> 'AT_STRIPE')) AS refunded
     FROM refund WHERE refund.order_id = orders.id
   ) AS total
   WHERE total.refunded > orders.total_amount`,
  `SELECT format('attendee %s is %s, but was refunded by %s', attendee.id, attendee.status, refund_attendee.refund_id)
     AS difference
   FROM refund_attendee
   JOIN refund ON refund.id = refund_attendee.refund_id
   JOIN attendee ON attendee.id = refund_attendee.attendee_id
   WHERE attendee.status <> 'REVOKED' OR attendee.order_id <> refund.order_id`,
  `SELECT format('refund %s is %s at Stripe as %s, but the ledger says that %s went back by it', refund.id,
     refund.status, refund.stripe_refund_id, recorded.amount) AS difference
   FROM refund
   CROSS JOIN LATERAL (
     SELECT coalesce(sum(ledger_entry.amount), 0) AS amount FROM ledger_entry
     WHERE ledger_entry.source_id = refund.stripe_refund_id AND account = 'BUYER'
   ) AS recorded
   WHERE refund.stripe_refund_id IS NOT NULL
     AND recorded.amount <> CASE WHEN refund.status = 'FAILED' THEN 0 ELSE refund.amount END`,
  `SELECT format('order %s is %s of %s, but the ledger has charges of %s', orders.id, orders.payment_status,
     orders.total_amount, total.charged) AS difference
   FROM orders
   CROSS JOIN LATERAL (
     SELECT coalesce(-sum(amount), 0) AS charged FROM ledger_entry
     WHERE ledger_entry.order_id = orders.id AND kind = 'CHARGE' AND account = 'BUYER'
   ) AS total
   WHERE total.charged <> CASE
     WHEN orders.payment_status IN ('PAID', 'PARTIALLY_REFUNDED', 'REFUNDED', 'DISPUTED') THEN orders.total_amount
     ELSE 0 END`,
];

/**
 * Compares every ticket's counters, and every order's attendees and money, with what the rows say that explain them.
 * All in one statement, so that it holds of one instant even while sales go on. Answers with one column, `difference`.
 */
export const INVENTORY_AUDIT = CHECKS.join('\nUNION ALL\n');
