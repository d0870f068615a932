import { unauthenticated } from '../errors.js';

/** Whoever asks: a signed-in user, or nobody. */
export interface Viewer {
  readonly userId: string;
}

/** What a request's credentials turned out to be; a bad token is not the same as none. */
export type Credentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'user'; readonly userId: string; readonly expiresAt: Date }
  | { readonly kind: 'invalid'; readonly reason: string };

/**
 * The viewer, or null for nobody.
 *
 * @throws AppError UNAUTHENTICATED for a token that is invalid or expired, so that an app learns
 * that it must refresh instead of being shown what a stranger sees
 */
export function viewerOf(credentials: Credentials): Viewer | null {
  if (credentials.kind === 'invalid') throw unauthenticated(credentials.reason);
  return credentials.kind === 'user' ? { userId: credentials.userId } : null;
}

/** @throws AppError UNAUTHENTICATED unless somebody is signed in */
export function signedIn(credentials: Credentials): Viewer {
  const viewer = viewerOf(credentials);
  if (viewer === null) throw unauthenticated();
  return viewer;
}
