import { randomUUID } from 'node:crypto';
import type { EntityManager } from '@mikro-orm/postgresql';
import { z } from 'zod';
import { isUniqueViolation } from '../database/index.js';
import { type AppError, conflict, unauthenticated } from '../errors.js';
import { decode } from '../validation/decode.js';
import { email, text } from '../validation/rules.js';
import type { AccessTokens } from './access-tokens.js';
import { keepAccount } from './keep-account.js';
import type { Passwords } from './passwords.js';
import type { RateLimits } from './rate-limits.js';
import type { RefreshTokens } from './refresh-tokens.js';
import { User } from './user.entity.js';
import type { Viewer } from './viewer.js';

const LONGEST_PASSWORD = 200;
const signUpRules = z.object({
  email,
  password: z
    .string()
    .min(10, 'Password must have at least 10 characters')
    .max(LONGEST_PASSWORD, `Password must not be longer than ${LONGEST_PASSWORD} characters`),
  name: text('Name', 200).nullish(),
});
const signInRules = z.object({
  email,
  password: z
    .string()
    .max(LONGEST_PASSWORD, `Password must not be longer than ${LONGEST_PASSWORD} characters`),
});

export interface Session {
  readonly user: User;
  readonly accessToken: string;
  readonly accessTokenExpiresAt: Date;
  readonly refreshToken: string;
}

/** Accounts and their sessions. */
export class AccountService {
  constructor(
    private readonly accessTokens: AccessTokens,
    private readonly refreshTokens: RefreshTokens,
    private readonly passwords: Passwords,
    private readonly limits: RateLimits,
  ) {}

  /** @throws AppError BAD_USER_INPUT; RATE_LIMITED; CONFLICT when the e-mail address has an account */
  async signUp(
    em: EntityManager,
    clientAddress: string,
    input: z.input<typeof signUpRules>,
  ): Promise<Session> {
    const { email, password, name } = decode(signUpRules, input);
    await this.limits.signUp(clientAddress, email);
    const passwordHash = await this.passwords.hash(password);
    const emailNormalized = email.toLowerCase();
    const isTaken = (await em.count(User, { emailNormalized })) > 0;
    await this.limits.signUpAnswer(clientAddress, isTaken);
    if (isTaken) throw taken();
    const user = em.create(User, {
      id: randomUUID(),
      email,
      emailNormalized,
      name: name ?? null,
      passwordHash,
      createdAt: new Date(),
    });
    try {
      return await this.openSession(em, user);
    } catch (error) {
      if (!isUniqueViolation(error, 'app_user_email_normalized_key')) throw error;
      await this.limits.signUpAnswer(clientAddress, true);
      throw taken();
    }
  }

  /** @throws AppError RATE_LIMITED; UNAUTHENTICATED, the same for an unknown account and a wrong password */
  async signIn(
    em: EntityManager,
    clientAddress: string,
    input: z.input<typeof signInRules>,
  ): Promise<Session> {
    const { email, password } = decode(signInRules, input);
    await this.limits.signIn(clientAddress, email);
    const user = await em.findOne(
      User,
      { emailNormalized: email.toLowerCase() },
      { populate: ['passwordHash'] },
    );
    if (!(await this.passwords.matches(user?.passwordHash ?? null, password)) || user === null) {
      throw invalidCredentials();
    }
    return this.openSession(em, user);
  }

  /** @throws AppError RATE_LIMITED; UNAUTHENTICATED when the refresh token cannot be used (any more) */
  async refreshSession(em: EntityManager, clientAddress: string, token: string): Promise<Session> {
    await this.limits.refreshSession(clientAddress, token);
    const { userId, refreshToken } = await this.refreshTokens.rotate(em, token);
    const user = await em.findOne(User, { id: userId, erasedAt: null });
    if (user === null) throw unauthenticated('The refresh token is not valid; sign in again');
    return this.session(user, refreshToken);
  }

  /** Null when the account no longer exists, or was erased. */
  viewer(em: EntityManager, viewer: Viewer): Promise<User | null> {
    return em.findOne(User, { id: viewer.userId, erasedAt: null });
  }

  private async openSession(em: EntityManager, user: User): Promise<Session> {
    const refreshToken = await em.transactional(async (tx) => {
      tx.persist(user);
      await tx.flush();
      if (!(await keepAccount(tx, user.id))) throw invalidCredentials();
      return this.refreshTokens.issue(tx, user.id);
    });
    return this.session(user, refreshToken);
  }

  private async session(user: User, refreshToken: string): Promise<Session> {
    const { accessToken, expiresAt } = await this.accessTokens.issue(user.id);
    return { user, accessToken, accessTokenExpiresAt: expiresAt, refreshToken };
  }
}

function invalidCredentials(): AppError {
  return unauthenticated('Invalid e-mail address or password');
}

function taken(): AppError {
  return conflict('This e-mail address already has an account; sign in instead', { field: 'email' });
}
