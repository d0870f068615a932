import { conflict, notFound } from '../errors.js';
import type { Attendee, OrderLine } from '../orders/entities.js';
import { AttendeeStatus } from '../orders/entities.js';
import type { Choice } from './refund-request.js';

/** An order as far as a refund of it goes, all of it read with its row locked. */
export interface RefundableOrder {
  readonly lines: readonly OrderLine[];
  readonly attendees: readonly Attendee[];
  /** Of those who belong to a refund already. */
  readonly refundedAttendeeIds: ReadonlySet<string>;
  /** What was paid less all its refunds, in minor units. */
  readonly left: number;
}

/** What is given back. */
export interface Selection {
  readonly attendees: readonly Attendee[];
  /** Minor units. */
  readonly amount: number;
}

/**
 * Everything that is left comes to all the money that is left, which is less than the tickets cost where some was
 * given back at Stripe; anything chosen comes to what it cost.
 *
 * @throws AppError NOT_FOUND for lines and attendees that are not the order's; CONFLICT where they were refunded
 * before, or too little of the money is left
 */
export function select(order: RefundableOrder, choice: Choice): Selection {
  const attendees = chosen(order, choice);
  if (choice.kind === 'everything') {
    if (attendees.length === 0 && order.left <= 0)
      throw conflict('Nothing is left to refund; a refund that failed can be tried again');
    return { attendees, amount: Math.max(order.left, 0) };
  }
  const prices = new Map(order.lines.map((line) => [line.id, line.unitAmount]));
  const amount = attendees.reduce((sum, { orderLineId }) => sum + (prices.get(orderLineId) ?? 0), 0);
  if (amount > order.left) {
    throw conflict(
      `Only ${Math.max(order.left, 0)} minor units of this order are left to refund, not ${amount}`,
      {
        left: Math.max(order.left, 0),
      },
    );
  }
  return { attendees, amount };
}

function chosen(order: RefundableOrder, choice: Choice): Attendee[] {
  const open = order.attendees.filter((attendee) => isOpen(order, attendee));
  switch (choice.kind) {
    case 'everything':
      return open;
    case 'lines':
      return [...choice.quantities].flatMap(([lineId, quantity]) => ofLine(order, open, lineId, quantity));
    case 'attendees':
      return [...choice.ids].map((id) => byId(order, id));
  }
}

function ofLine(
  order: RefundableOrder,
  open: readonly Attendee[],
  lineId: string,
  quantity: number,
): Attendee[] {
  if (!order.lines.some(({ id }) => id === lineId)) throw notFound(`Order line ${lineId} not found`);
  const left = open.filter(({ orderLineId }) => orderLineId === lineId);
  if (left.length < quantity) {
    throw conflict(`Only ${left.length} of order line ${lineId} are left to refund, not ${quantity}`, {
      lineId,
      left: left.length,
    });
  }
  // Whoever is inside has had something for the money.
  const inside = (attendee: Attendee) => (attendee.checkedInAt === null ? 0 : 1);
  return left.toSorted((one, other) => inside(one) - inside(other)).slice(0, quantity);
}

function byId(order: RefundableOrder, id: string): Attendee {
  const attendee = order.attendees.find((one) => one.id === id);
  if (attendee === undefined) throw notFound(`Attendee ${id} not found`);
  if (isOpen(order, attendee)) return attendee;
  throw conflict(`Attendee ${id} has been refunded or revoked already`, { attendeeId: id });
}

function isOpen(order: RefundableOrder, attendee: Attendee): boolean {
  return attendee.status === AttendeeStatus.VALID && !order.refundedAttendeeIds.has(attendee.id);
}
