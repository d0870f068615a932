export { RefreshToken } from './refresh-token.entity.js';
export { User } from './user.entity.js';
