import type { EntityManager } from '@mikro-orm/postgresql';
import type { Viewer } from '../accounts/index.js';
import type { Verified } from './verified.js';

/** What one operation reads with. */
export interface Reading {
  /** For what is for this operation alone. */
  readonly em: EntityManager;
  /** @throws AppError UNAUTHENTICATED for a token that is invalid or expired; null without one */
  viewer(): Viewer | null;
  /** What `make` made for this operation, made once. */
  use<Made>(make: (reading: Reading) => Made): Made;
  /** The answer is made of this, as it is now. */
  dependOn(source: Verified): void;
  /** The answer is for whoever asked, and never for another. */
  keepPrivate(): void;
}
