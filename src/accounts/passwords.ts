import { randomBytes } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';

/**
 * OWASP Password Storage Cheat Sheet: Argon2id (the library's default) with 19 MiB, 2 iterations and
 * 1 degree of parallelism.
 */
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** A hash of something nobody knows, so that an unknown account costs as much time as a wrong password. */
let decoy: Promise<string> | undefined;

export function hashPassword(password: string): Promise<string> {
  return hash(password, PARAMETERS);
}

/** @param passwordHash null where there is no such account; takes as long, and is never right */
export async function passwordMatches(passwordHash: string | null, password: string): Promise<boolean> {
  if (passwordHash !== null) return verify(passwordHash, password);
  decoy ??= hashPassword(randomBytes(32).toString('hex'));
  await verify(await decoy, password);
  return false;
}
