import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';

/**
 * Access tokens of orders: derived from the order's id by a key that only we have, so that the same
 * purchase sent again is answered with the same token, and none is stored anywhere.
 */
export class OrderTokens {
  /** Made once: from bytes it would be made anew for each token, for four times the token's own cost. */
  private readonly key: KeyObject;

  constructor(secret: string) {
    this.key = createSecretKey(createHmac('sha256', secret).update('order access token').digest());
  }

  tokenOf(orderId: string): string {
    return createHmac('sha256', this.key).update(orderId).digest('base64url');
  }

  /** Takes the same time for every wrong token. */
  matches(orderId: string, token: string): boolean {
    const expected = Buffer.from(this.tokenOf(orderId));
    const given = Buffer.from(token);
    return given.length === expected.length && timingSafeEqual(given, expected);
  }
}
