import { errors, jwtVerify, SignJWT } from 'jose';
import { isUuid } from '../validation/ids.js';
import type { Credentials } from './viewer.js';

const ALGORITHM = 'HS256';
const ISSUER = 'boxoffice';
const LIFETIME_MS = 15 * 60 * 1000;

export interface IssuedAccessToken {
  readonly accessToken: string;
  readonly expiresAt: Date;
}

/** Short-lived JSON Web Tokens that say who the viewer is; nothing about them is stored. */
export class AccessTokens {
  private readonly key: Uint8Array;

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
    try {
      const { payload } = await jwtVerify(token, this.key, { algorithms: [ALGORITHM], issuer: ISSUER });
      if (!payload.sub || !isUuid(payload.sub) || !payload.exp)
        return { kind: 'invalid', reason: 'The access token is not valid' };
      return { kind: 'user', userId: payload.sub, expiresAt: new Date(payload.exp * 1000) };
    } catch (error) {
      const reason =
        error instanceof errors.JWTExpired
          ? 'The access token has expired; get a new one with refreshSession'
          : 'The access token is not valid';
      return { kind: 'invalid', reason };
    }
  }
}
