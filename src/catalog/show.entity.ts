import { Entity, ManyToOne, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { Field, ID, ObjectType } from 'type-graphql';
import { Producer } from './producer.entity.js';

export enum ShowStatus {
  DRAFT = 'DRAFT',
  PUBLISHED = 'PUBLISHED',
  CANCELLED = 'CANCELLED',
  ENDED = 'ENDED',
}

@Entity({ tableName: 'show' })
@ObjectType({ simpleResolvers: true })
export class Show {
  @Field(() => ID)
  @PrimaryKey({ type: 'integer' })
  id!: number;

  @ManyToOne(() => Producer, { mapToPk: true, fieldName: 'producer_id' })
  producerId!: number;

  @Field(() => String)
  @Property({ type: 'text' })
  title!: string;

  @Field(() => String, { nullable: true })
  @Property({ type: 'text', nullable: true })
  description: string | null = null;

  @Field(() => String, { nullable: true })
  @Property({ type: 'text', nullable: true })
  venue: string | null = null;

  @Field(() => String, { description: 'IANA name, e.g. Europe/Berlin.' })
  @Property({ type: 'text' })
  timeZone!: string;

  @Field(() => Date)
  @Property({ type: 'datetime' })
  startsAt!: Date;

  @Field(() => Date, {
    nullable: true,
    description: 'Without one, the show counts as ended once it has started.',
  })
  @Property({ type: 'datetime', nullable: true })
  endsAt: Date | null = null;

  /** ENDED is never stored: the clock says it. */
  @Property({ type: 'text', fieldName: 'status' })
  storedStatus: 'DRAFT' | 'PUBLISHED' | 'CANCELLED' = 'DRAFT';

  @Property({ type: 'datetime' })
  createdAt: Date = new Date();

  @Field(() => ShowStatus, { name: 'status' })
  currentStatus(): ShowStatus {
    const ended = this.storedStatus === 'PUBLISHED' && new Date() >= (this.endsAt ?? this.startsAt);
    return ended ? ShowStatus.ENDED : ShowStatus[this.storedStatus];
  }
}
