import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { EntityManager } from '@mikro-orm/postgresql';
import { unauthenticated } from '../errors.js';
import type { Logger } from '../logging.js';
import { keepAccount } from './keep-account.js';
import { RefreshToken } from './refresh-token.entity.js';

const LIFETIME_MS = 30 * 24 * 60 * 60 * 1000;

/** Opaque tokens for one use each; only their hashes are stored. */
export class RefreshTokens {
  constructor(private readonly logger: Logger) {}

  /** @returns the token itself, which cannot be read again */
  issue(em: EntityManager, userId: string, familyId: string = randomUUID()): string {
    const token = randomBytes(32).toString('base64url');
    em.create(
      RefreshToken,
      {
        id: randomUUID(),
        userId,
        familyId,
        tokenHash: hashOf(token),
        expiresAt: new Date(Date.now() + LIFETIME_MS),
      },
      { persist: true, partial: true },
    );
    return token;
  }

  /**
   * Exchanges a token for its successor. The token is marked as used by a conditional update, so of
   * two uses at once only one wins; the other one ends the family.
   *
   * @throws AppError UNAUTHENTICATED when the token is unknown, expired, revoked or was used before
   */
  async rotate(em: EntityManager, token: string): Promise<{ userId: string; refreshToken: string }> {
    const outcome = await em.transactional(async (tx) => {
      const known = await tx.findOne(RefreshToken, { tokenHash: hashOf(token) });
      // Before the token is locked, as erasing does: or each would wait for the other.
      if (known === null || !(await keepAccount(tx, known.userId))) return undefined;
      await lockFamily(tx, known.familyId);
      const claimed = await tx.nativeUpdate(
        RefreshToken,
        { id: known.id, usedAt: null, revokedAt: null, expiresAt: { $gt: new Date() } },
        { usedAt: new Date() },
      );
      if (claimed === 1) {
        return { userId: known.userId, refreshToken: this.issue(tx, known.userId, known.familyId) };
      }
      await this.endFamilyIfReused(tx, known);
      return undefined;
    });
    if (outcome === undefined) throw unauthenticated('The refresh token is not valid; sign in again');
    return outcome;
  }

  private async endFamilyIfReused(em: EntityManager, known: RefreshToken): Promise<void> {
    const [row] = await em.execute<{ used: boolean }[]>(
      'select used_at is not null as used from refresh_token where id = ?',
      [known.id],
    );
    if (!row?.used) return;
    this.logger.warn({ userId: known.userId, familyId: known.familyId }, 'A refresh token was used twice');
    await em.nativeUpdate(
      RefreshToken,
      { familyId: known.familyId, revokedAt: null },
      { revokedAt: new Date() },
    );
  }
}

/** Whoever ends a family must not overlook the successor that another use is just about to add to it. */
async function lockFamily(em: EntityManager, familyId: string): Promise<void> {
  await em.execute('select pg_advisory_xact_lock(hashtextextended(?, 0))', [familyId]);
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
