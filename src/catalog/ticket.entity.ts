import { Entity, ManyToOne, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { Field, ID, Int, ObjectType } from 'type-graphql';
import { Money } from '../graphql/money.js';
import { available, type TicketSale } from '../inventory/ticket-status.js';
import { Show } from './show.entity.js';

/** Its counters are written by inventory/counters.ts alone: here they are only read. */
@Entity({ tableName: 'ticket' })
@ObjectType({
  simpleResolvers: true,
  description: 'One kind of admission to a show, with its own price and its own inventory.',
})
export class Ticket {
  @Field(() => ID)
  @PrimaryKey({ type: 'integer' })
  id!: number;

  @ManyToOne(() => Show, { mapToPk: true, fieldName: 'show_id' })
  showId!: number;

  @Field(() => String)
  @Property({ type: 'text' })
  name!: string;

  @Property({ type: 'integer', fieldName: 'price' })
  priceAmount!: number;

  @Property({ type: 'text' })
  currency!: string;

  @Property({ type: 'integer' })
  quantity!: number;

  @Property({ type: 'integer' })
  held: number = 0;

  @Property({ type: 'integer' })
  sold: number = 0;

  @Property({ type: 'integer' })
  version: number = 1;

  @Field(() => Date, { nullable: true })
  @Property({ type: 'datetime', nullable: true })
  salesStartAt: Date | null = null;

  @Field(() => Date, { nullable: true })
  @Property({ type: 'datetime', nullable: true })
  salesEndAt: Date | null = null;

  @Field(() => Int)
  @Property({ type: 'integer' })
  minPerOrder: number = 1;

  @Field(() => Int)
  @Property({ type: 'integer' })
  maxPerOrder: number = 10;

  @Property({ type: 'datetime' })
  createdAt: Date = new Date();

  @Field(() => Money)
  price(): Money {
    return { amount: this.priceAmount, currency: this.currency };
  }

  @Field(() => Int)
  available(): number {
    return available(this);
  }

  /** What decides on its status, as a ticket of this show. */
  saleIn(show: Show): TicketSale {
    const { quantity, held, sold, salesStartAt, salesEndAt } = this;
    const { storedStatus: showStatus, startsAt, endsAt } = show;
    return { quantity, held, sold, salesStartAt, salesEndAt, showStatus, showEndsAt: endsAt ?? startsAt };
  }
}
