import { Arg, Ctx, Mutation, Query, Resolver } from 'type-graphql';
import type { RequestContext } from '../graphql/context.js';
import { AuthPayload, SignInInput, SignUpInput } from './account.inputs.js';
import type { AccountService } from './account.service.js';
import { User } from './user.entity.js';

@Resolver()
export class AccountResolver {
  constructor(private readonly accounts: AccountService) {}

  @Query(() => User, {
    nullable: true,
    description: 'Whoever the access token belongs to; null without one.',
  })
  async viewer(@Ctx() context: RequestContext): Promise<User | null> {
    const viewer = context.viewer();
    return viewer && this.accounts.viewer(context.em, viewer);
  }

  @Mutation(() => AuthPayload)
  signUp(@Arg('input', () => SignUpInput) input: SignUpInput, @Ctx() context: RequestContext) {
    return this.accounts.signUp(context.em, context.clientAddress, input);
  }

  @Mutation(() => AuthPayload)
  signIn(@Arg('input', () => SignInInput) input: SignInInput, @Ctx() context: RequestContext) {
    return this.accounts.signIn(context.em, context.clientAddress, input);
  }

  @Mutation(() => AuthPayload, {
    description: 'Using one refresh token twice ends every session that came of it.',
  })
  refreshSession(@Arg('refreshToken', () => String) refreshToken: string, @Ctx() context: RequestContext) {
    return this.accounts.refreshSession(context.em, context.clientAddress, refreshToken);
  }
}
