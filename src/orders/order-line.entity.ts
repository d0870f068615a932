import { Entity, ManyToOne, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { Field, ID, Int, ObjectType } from 'type-graphql';
import { Ticket } from '../catalog/entities.js';
import { Order } from './order.entity.js';

@Entity({ tableName: 'order_line' })
@ObjectType({ simpleResolvers: true })
export class OrderLine {
  @Field(() => ID)
  @PrimaryKey({ type: 'uuid' })
  id!: string;

  @ManyToOne(() => Order, { mapToPk: true, fieldName: 'order_id' })
  orderId!: string;

  @ManyToOne(() => Ticket, { mapToPk: true, fieldName: 'ticket_id' })
  ticketId!: number;

  /** In the order that the buyer named them. */
  @Property({ type: 'integer' })
  position!: number;

  @Field(() => Int)
  @Property({ type: 'integer' })
  quantity!: number;

  /** Minor units of the order's currency. */
  @Property({ type: 'integer', fieldName: 'unit_price' })
  unitAmount!: number;

  /** As it was when the order was made; null in old orders. */
  @Property({ type: 'text', nullable: true })
  ticketName: string | null = null;

  /** How many of `quantity` were refunded and are on sale again. */
  @Property({ type: 'integer' })
  restocked: number = 0;
}
