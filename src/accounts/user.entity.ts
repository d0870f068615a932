import type { Opt } from '@mikro-orm/core';
import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { Field, ID, ObjectType } from 'type-graphql';

@Entity({ tableName: 'app_user' })
@ObjectType({ simpleResolvers: true })
export class User {
  @Field(() => ID)
  @PrimaryKey({ type: 'uuid' })
  id!: string;

  @Field(() => String)
  @Property({ type: 'text' })
  email!: string;

  /** Lower case; unique, so that one mailbox is one account however it is typed. */
  @Property({ type: 'text' })
  emailNormalized!: string;

  @Field(() => String, { nullable: true })
  @Property({ type: 'text', nullable: true })
  name: string | null = null;

  @Property({ type: 'text', lazy: true })
  passwordHash!: string;

  /** Runs the platform; granted from the command line alone, so that no answer or sign-up can make one. */
  @Property({ type: 'boolean' })
  isOperator: Opt<boolean> = false;

  /** When everything that says who it is was taken out; nobody can sign in to it any more. */
  @Property({ type: 'datetime', nullable: true })
  erasedAt: Date | null = null;

  @Property({ type: 'datetime' })
  createdAt: Date = new Date();
}
