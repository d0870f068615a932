import { notAuthenticated } from './errors.js';

/**
 * `Authorization: Bearer <key>`, or Basic with the key as the user name
 * (https://docs.stripe.com/api/authentication).
 *
 * @throws StripeFailure 401
 */
export function authenticate(header: string | undefined, secretKey: string): void {
  const key = readKey(header ?? '');
  if (key === '') {
    throw notAuthenticated(
      "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for details, or we can help at https://support.stripe.com/.",
    );
  }
  if (key !== secretKey) throw notAuthenticated(`Invalid API Key provided: ${maskedKey(key)}`);
}

function readKey(header: string): string {
  const [scheme = '', value = ''] = header.trim().split(/\s+/, 2);
  if (scheme.toLowerCase() === 'bearer') return value;
  if (scheme.toLowerCase() !== 'basic') return '';
  return Buffer.from(value, 'base64').toString('utf8').split(':', 1)[0] ?? '';
}

/** A key as Stripe shows it in messages. */
export function maskedKey(key: string): string {
  return key.length <= 12 ? '***' : `${key.slice(0, 8)}${'*'.repeat(key.length - 12)}${key.slice(-4)}`;
}
