import type { EntityManager } from '@mikro-orm/postgresql';
import { newId, persistNew } from '../database/index.js';
import { Attendee, AttendeeStatus } from './attendee.entity.js';
import { newAttendeeCode } from './codes.js';
import type { Order } from './order.entity.js';
import type { OrderLine } from './order-line.entity.js';

/** One attendee for each unit of each line; flushed with the transaction that confirms the order. */
export function createAttendees(em: EntityManager, order: Order, lines: readonly OrderLine[]): Attendee[] {
  return lines.flatMap((line) =>
    Array.from({ length: line.quantity }, (_, position) =>
      persistNew(em, new Attendee(), {
        id: newId(),
        orderId: order.id,
        orderLineId: line.id,
        ticketId: line.ticketId,
        position,
        name: order.name,
        email: order.email,
        status: AttendeeStatus.VALID,
        code: newAttendeeCode(),
        checkedInAt: null,
      }),
    ),
  );
}
