import { invalidRequest } from '../wire/errors.js';

/** An absolute http(s) URL; a template such as `{CHECKOUT_SESSION_ID}` in it is fine. */
export function checkUrl(given: string, param: string): void {
  const parsed = URL.canParse(given) ? new URL(given) : undefined;
  if (parsed?.protocol === 'http:' || parsed?.protocol === 'https:') return;
  const hint = parsed === undefined ? ' URLs must begin with http or https.' : '';
  throw invalidRequest(`Not a valid URL${hint}`, { code: 'url_invalid', param });
}

export function checkEmail(given: string, param: string): void {
  if (/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(given)) return;
  throw invalidRequest(`Invalid email address: ${given}`, { code: 'email_invalid', param });
}
