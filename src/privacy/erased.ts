/** In the place of what was erased: a domain that can never receive mail (RFC 2606, section 2). */
export const ERASED_EMAIL = 'erased@erased.invalid';

/** Whether nobody is left to be written to. */
export function isErased(order: { readonly email: string }): boolean {
  return order.email === ERASED_EMAIL;
}
