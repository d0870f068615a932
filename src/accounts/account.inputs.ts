import { Field, InputType, ObjectType } from 'type-graphql';
import { User } from './user.entity.js';

@InputType()
export class SignUpInput {
  @Field(() => String)
  email!: string;

  @Field(() => String, { description: '10 to 200 characters.' })
  password!: string;

  @Field(() => String, { nullable: true })
  name?: string | null;
}

@InputType()
export class SignInInput {
  @Field(() => String)
  email!: string;

  @Field(() => String)
  password!: string;
}

@ObjectType({
  simpleResolvers: true,
  description: 'A session: send `Authorization: Bearer <accessToken>`; refresh it before it expires.',
})
export class AuthPayload {
  @Field(() => User)
  user!: User;

  @Field(() => String)
  accessToken!: string;

  @Field(() => Date)
  accessTokenExpiresAt!: Date;

  @Field(() => String, { description: 'For one use: refreshSession answers with its successor.' })
  refreshToken!: string;
}
