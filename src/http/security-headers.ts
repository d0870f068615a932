/** Nothing that is answered is a page with parts, but for those that say so themselves. */
const NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/** Of the two pages that buyers come back to, which bring their own styles. */
export const PAGE_POLICY = `${NOTHING}; style-src 'unsafe-inline'`;
const YEAR_S = 365 * 24 * 60 * 60;

/**
 * What goes with every answer (https://cheatsheetseries.owasp.org/cheatsheets/HTTP_Headers_Cheat_Sheet.html).
 *
 * @param onlyHttps whether browsers may forget for a year that there is http:// too
 */
export function securityHeaders(onlyHttps: boolean): Readonly<Record<string, string>> {
  return {
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'content-security-policy': NOTHING,
    ...(onlyHttps && { 'strict-transport-security': `max-age=${YEAR_S}` }),
  };
}
