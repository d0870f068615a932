import { Entity, ManyToOne, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { Field, Int, ObjectType } from 'type-graphql';
import { User } from '../accounts/entities.js';

export enum CancellationStatus {
  RUNNING = 'RUNNING',
  DONE = 'DONE',
}

@Entity({ tableName: 'show_cancellation' })
@ObjectType({
  simpleResolvers: true,
  description: 'How far it has got to give back what was paid for a show that was called off.',
})
export class ShowCancellation {
  @PrimaryKey({ type: 'integer' })
  showId!: number;

  @ManyToOne(() => User, { mapToPk: true, fieldName: 'requested_by', nullable: true })
  requestedBy: string | null = null;

  @Field(() => String, { nullable: true, description: 'What buyers are told.' })
  @Property({ type: 'text', nullable: true })
  reason: string | null = null;

  @Field(() => CancellationStatus)
  @Property({ type: 'text' })
  status: CancellationStatus = CancellationStatus.RUNNING;

  @Field(() => Int, { description: 'Orders that held or had tickets when it began.' })
  @Property({ type: 'integer' })
  ordersTotal!: number;

  @Field(() => Int, {
    description:
      'Of those, the ones that were ended, or whose tickets were taken back; refunds may still be pending.',
  })
  @Property({ type: 'integer' })
  ordersDone: number = 0;

  @Field(() => Date)
  @Property({ type: 'datetime' })
  startedAt: Date = new Date();

  @Field(() => Date, { nullable: true })
  @Property({ type: 'datetime', nullable: true })
  finishedAt: Date | null = null;

  /** When a worker may take it up, or go on where another one died; null once nothing can be left. */
  @Property({ type: 'datetime', nullable: true })
  checkAt: Date | null = null;
}
