export { AccessTokens } from './access-tokens.js';
export { AccountResolver } from './account.resolver.js';
export { AccountService } from './account.service.js';
export { findOperators, requireOperator, setOperator } from './operators.js';
export { Passwords } from './passwords.js';
export { RateLimits } from './rate-limits.js';
export { RefreshTokens } from './refresh-tokens.js';
export { User } from './user.entity.js';
export { type Credentials, signedIn, type Viewer, viewerOf } from './viewer.js';
