import { Entity, ManyToOne, PrimaryKey } from '@mikro-orm/decorators/legacy';
import { Refund } from './refund.entity.js';

/** Whom a refund took the ticket from; nobody is refunded twice. */
@Entity({ tableName: 'refund_attendee' })
export class RefundAttendee {
  @PrimaryKey({ type: 'uuid' })
  attendeeId!: string;

  @ManyToOne(() => Refund, { mapToPk: true, fieldName: 'refund_id' })
  refundId!: string;
}
