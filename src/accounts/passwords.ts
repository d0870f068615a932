import { randomBytes } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';
import type { Metrics } from '../metrics.js';

/**
 * OWASP Password Storage Cheat Sheet: Argon2id (the library's default) with 19 MiB, 2 iterations and
 * 1 degree of parallelism.
 */
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;

/** Passwords, of which nothing but hashes is ever stored. Each method computes one hash, whatever comes of it. */
export class Passwords {
  /** For those who have no account: looking for what nobody has costs as much as a wrong password. */
  private readonly decoy = unusableHash();

  constructor(private readonly metrics: Pick<Metrics, 'passwordHashes'>) {}

  hash(password: string): Promise<string> {
    this.metrics.passwordHashes.inc({ operation: 'hash' });
    return hash(password, PARAMETERS);
  }

  /** @param passwordHash null where there is no such account; takes as long, and is never right */
  async matches(passwordHash: string | null, password: string): Promise<boolean> {
    this.metrics.passwordHashes.inc({ operation: 'verify' });
    const isRight = await verify(passwordHash ?? this.decoy, password);
    return isRight && passwordHash !== null;
  }
}

/** What no password has the hash of, as far as anybody can find out: the hash itself is random. */
export function unusableHash(): string {
  const { memoryCost, timeCost, parallelism } = PARAMETERS;
  const parameters = `m=${memoryCost},t=${timeCost},p=${parallelism}`;
  return `$argon2id$v=19$${parameters}$${random(SALT_BYTES)}$${random(HASH_BYTES)}`;
}

/** As argon2's encoding has it: base64 without padding. */
function random(bytes: number): string {
  return randomBytes(bytes).toString('base64').replace(/=+$/, '');
}
