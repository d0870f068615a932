import { Entity, ManyToOne, Property } from '@mikro-orm/decorators/legacy';
import { User } from '../accounts/entities.js';
import { Producer } from './producer.entity.js';

/** Who may act for a producer. */
@Entity({ tableName: 'producer_member' })
export class ProducerMember {
  @ManyToOne(() => Producer, { mapToPk: true, fieldName: 'producer_id', primary: true })
  producerId!: number;

  @ManyToOne(() => User, { mapToPk: true, fieldName: 'user_id', primary: true })
  userId!: string;

  @Property({ type: 'text' })
  role: 'OWNER' = 'OWNER';

  @Property({ type: 'datetime' })
  createdAt: Date = new Date();
}
