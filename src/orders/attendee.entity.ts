import { Entity, ManyToOne, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { Field, ID, ObjectType } from 'type-graphql';
import { Ticket } from '../catalog/entities.js';
import { Order } from './order.entity.js';
import { OrderLine } from './order-line.entity.js';

export enum AttendeeStatus {
  VALID = 'VALID',
  /** Not admitted while the payment is disputed; VALID again if the dispute is won. */
  FROZEN = 'FROZEN',
  REVOKED = 'REVOKED',
}

@Entity({ tableName: 'attendee' })
@ObjectType({
  simpleResolvers: true,
  description:
    'One person admitted by one unit of an order line. Exists from the moment the order is CONFIRMED.',
})
export class Attendee {
  @Field(() => ID)
  @PrimaryKey({ type: 'uuid' })
  id!: string;

  @ManyToOne(() => Order, { mapToPk: true, fieldName: 'order_id' })
  orderId!: string;

  @ManyToOne(() => OrderLine, { mapToPk: true, fieldName: 'order_line_id' })
  orderLineId!: string;

  @ManyToOne(() => Ticket, { mapToPk: true, fieldName: 'ticket_id' })
  ticketId!: number;

  @Property({ type: 'integer' })
  position!: number;

  @Field(() => String, { nullable: true })
  @Property({ type: 'text', nullable: true })
  name: string | null = null;

  @Field(() => String, { nullable: true })
  @Property({ type: 'text', nullable: true })
  email: string | null = null;

  @Field(() => AttendeeStatus)
  @Property({ type: 'text' })
  status: AttendeeStatus = AttendeeStatus.VALID;

  @Field(() => String, { description: 'What the QR code says.' })
  @Property({ type: 'text' })
  code!: string;

  @Field(() => Date, { nullable: true })
  @Property({ type: 'datetime', nullable: true })
  checkedInAt: Date | null = null;
}
