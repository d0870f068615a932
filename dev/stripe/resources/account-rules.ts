import type Stripe from 'stripe';
import type { World } from '../state/world.js';
import { maskedKey } from '../wire/authentication.js';
import { invalidRequest, missingResource, StripeFailure } from '../wire/errors.js';

/**
 * Money may only be sent to an account whose `transfers` capability is active
 * (https://docs.stripe.com/connect/account-capabilities#transfers).
 */
export function checkDestination(world: World, id: string, param: string): Stripe.Account {
  const account = world.store.accounts.get(id);
  if (account === undefined || world.store.deauthorizedAccounts.has(id)) {
    throw missingResource('destination', id, param, 400);
  }
  if (account.capabilities?.transfers !== 'active') {
    throw invalidRequest(
      'Your destination account needs to have at least one of the following capabilities enabled: transfers, crypto_transfers, legacy_payments',
      { code: 'insufficient_capabilities_for_transfer' },
    );
  }
  return account;
}

/**
 * An account that is not connected (any more) is 403, not 404: Stripe does not tell which
 * (https://docs.stripe.com/error-codes, `account_invalid`).
 */
export function mustFindAccount(world: World, id: string): Stripe.Account {
  const account = world.store.accounts.get(id);
  if (account !== undefined && !world.store.deauthorizedAccounts.has(id)) return account;
  throw new StripeFailure(403, {
    type: 'invalid_request_error',
    code: 'account_invalid',
    doc_url: 'https://stripe.com/docs/error-codes/account-invalid',
    message: `The provided key '${maskedKey(world.secretKey)}' does not have access to account '${id}' (or that account does not exist). Application access may have been revoked.`,
  });
}
