import { errors, jwtVerify, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
import { isUuid } from '../validation/ids.js';
import type { Credentials } from './viewer.js';

const ALGORITHM = 'HS256';
const ISSUER = 'boxoffice';
const LIFETIME_MS = 15 * 60 * 1000;
/** Of the viewers of late; somebody else's token is checked again. */
const REMEMBERED = 10_000;

type UserCredentials = Extract<Credentials, { kind: 'user' }>;

export interface IssuedAccessToken {
  readonly accessToken: string;
  readonly expiresAt: Date;
}

/** Short-lived JSON Web Tokens that say who the viewer is; nothing about them is stored. */
export class AccessTokens {
  private readonly key: Uint8Array;
  /** Checking a signature costs more than all else about a small request. */
  private readonly verified = new LRUCache<string, UserCredentials>({ max: REMEMBERED });

  constructor(secret: string) {
    this.key = new TextEncoder().encode(secret);
  }

  async issue(userId: string): Promise<IssuedAccessToken> {
    const expiresAt = new Date(Math.floor((Date.now() + LIFETIME_MS) / 1000) * 1000);
    const accessToken = await new SignJWT()
      .setProtectedHeader({ alg: ALGORITHM })
      .setSubject(userId)
      .setIssuer(ISSUER)
      .setIssuedAt()
      .setExpirationTime(expiresAt)
      .sign(this.key);
    return { accessToken, expiresAt };
  }

  /** Reads an `Authorization` header (RFC 6750); never throws. */
  async read(authorization: string | undefined): Promise<Credentials> {
    if (authorization === undefined || authorization === '') return { kind: 'none' };
    const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
    if (token === undefined) {
      return { kind: 'invalid', reason: 'The Authorization header must read: Bearer <access token>' };
    }
    const known = this.verified.get(token);
    if (known !== undefined && known.expiresAt.getTime() > Date.now()) return known;
    return this.verify(token);
  }

  private async verify(token: string): Promise<Credentials> {
    try {
      const { payload } = await jwtVerify(token, this.key, { algorithms: [ALGORITHM], issuer: ISSUER });
      if (!payload.sub || !isUuid(payload.sub) || !payload.exp)
        return { kind: 'invalid', reason: 'The access token is not valid' };
      const credentials: UserCredentials = {
        kind: 'user',
        userId: payload.sub,
        expiresAt: new Date(payload.exp * 1000),
      };
      this.verified.set(token, credentials);
      return credentials;
    } catch (error) {
      const reason =
        error instanceof errors.JWTExpired
          ? 'The access token has expired; get a new one with refreshSession'
          : 'The access token is not valid';
      return { kind: 'invalid', reason };
    }
  }
}
