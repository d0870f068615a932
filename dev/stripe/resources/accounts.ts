import type Stripe from 'stripe';
import { deauthorize, emitAccountUpdated } from '../actions/accounts.js';
import { readCurrency } from '../state/currencies.js';
import { newId } from '../state/ids.js';
import { now } from '../state/world.js';
import { type Call, type Endpoint, endpoint } from '../wire/endpoint.js';
import { invalidRequest } from '../wire/errors.js';
import { boolean, clearable, map, object, oneOf, optional, type Read, text } from '../wire/fields.js';
import { changeMetadata, metadata } from '../wire/metadata.js';
import { createdField, isWithin, page, pagingFields } from '../wire/paging.js';
import { mustFindAccount } from './account-rules.js';
import { CAPABILITIES, type CapabilityName, newAccount, newCapability } from './account-shape.js';
import { checkEmail, checkUrl } from './values.js';

const businessProfile = object({
  mcc: optional(text(4)),
  name: optional(text()),
  product_description: optional(text()),
  support_email: optional(text()),
  url: clearable(text()),
});

const shared = {
  business_profile: optional(businessProfile),
  business_type: optional(oneOf('company', 'government_entity', 'individual', 'non_profit')),
  capabilities: optional(map(object({ requested: optional(boolean()) }))),
  email: optional(text(800)),
  metadata,
} as const;

const createFields = {
  ...shared,
  controller: optional(
    object({
      fees: optional(object({ payer: oneOf('account', 'application') })),
      losses: optional(object({ payments: oneOf('application', 'stripe') })),
      requirement_collection: optional(oneOf('application', 'stripe')),
      stripe_dashboard: optional(object({ type: oneOf('express', 'full', 'none') })),
    }),
  ),
  country: optional(text(2)),
  default_currency: optional(text(3)),
  type: optional(oneOf('express', 'standard', 'custom')),
} as const;

/** https://docs.stripe.com/api/accounts and https://docs.stripe.com/api/account_links */
export const accountEndpoints: readonly Endpoint[] = [
  endpoint('POST', '/v1/accounts', createFields, create),
  endpoint('GET', '/v1/accounts', { ...pagingFields, created: createdField }, ({ world, params }) =>
    page(
      world.store.accounts,
      params,
      '/v1/accounts',
      (account) =>
        !world.store.deauthorizedAccounts.has(account.id) && isWithin(account.created ?? 0, params.created),
    ),
  ),
  endpoint('GET', '/v1/accounts/:id', {}, ({ world, ids }) => mustFindAccount(world, ids[0]!)),
  endpoint('POST', '/v1/accounts/:id', shared, update),
  endpoint('DELETE', '/v1/accounts/:id', {}, ({ world, ids }): Stripe.DeletedAccount => {
    deauthorize(world, ids[0]!);
    return { id: ids[0]!, object: 'account', deleted: true };
  }),
  endpoint('GET', '/v1/accounts/:id/capabilities', {}, ({ world, ids }) => {
    const account = mustFindAccount(world, ids[0]!);
    const data = CAPABILITIES.map((name) => newCapability(account, name));
    return { object: 'list', data, has_more: false, url: `/v1/accounts/${account.id}/capabilities` };
  }),
  endpoint('POST', '/v1/accounts/:id/login_links', {}, loginLink),
  endpoint(
    'POST',
    '/v1/account_links',
    {
      account: text(),
      collect: optional(oneOf('currently_due', 'eventually_due')),
      refresh_url: text(),
      return_url: text(),
      type: oneOf('account_onboarding', 'account_update'),
    },
    ({ world, params }) => {
      const account = mustFindAccount(world, params.account);
      checkUrl(params.refresh_url, 'refresh_url');
      checkUrl(params.return_url, 'return_url');
      const token = newId('', 12);
      // "Account Links are temporary": a few minutes, one visit (https://docs.stripe.com/api/account_links).
      const link = { object: 'account_link', created: now(), expires_at: now() + 300 };
      world.store.onboardingLinks.set(token, {
        account: account.id,
        refreshUrl: params.refresh_url,
        returnUrl: params.return_url,
        expiresAt: link.expires_at,
        visited: false,
      });
      return { ...link, url: `${world.publicUrl}/onboarding/${account.id}?link=${token}` };
    },
  ),
];

function create({ world, params }: Call<Read<typeof createFields>>): Stripe.Account {
  if (params.type !== undefined && params.controller !== undefined) {
    throw invalidRequest('You may only specify one of these parameters: controller, type.');
  }
  if (params.type === 'custom') {
    throw invalidRequest('The local Stripe has express and standard accounts, not custom ones.', {
      param: 'type',
    });
  }
  if (params.email !== undefined) checkEmail(params.email, 'email');
  const requested = readRequested(params.capabilities);
  const account = newAccount({
    type: params.type ?? (params.controller === undefined ? 'standard' : 'none'),
    controller: params.controller === undefined ? undefined : { type: 'application', ...params.controller },
    country: params.country?.toUpperCase() ?? 'US',
    defaultCurrency: readCurrency(params.default_currency ?? 'usd', 'default_currency'),
    email: params.email ?? null,
    businessType: params.business_type ?? null,
    businessName: params.business_profile?.name ?? null,
    businessUrl: params.business_profile?.url ?? null,
    // Accounts get the platform's default capabilities where none are asked for.
    requested: requested.length === 0 ? CAPABILITIES : requested,
    metadata: changeMetadata({}, params.metadata),
  });
  return world.store.accounts.add(account);
}

function update({ world, params, ids }: Call<Read<typeof shared>>): Stripe.Account {
  const account = mustFindAccount(world, ids[0]!);
  if (params.email !== undefined) {
    checkEmail(params.email, 'email');
    account.email = params.email;
  }
  if (params.business_type !== undefined) account.business_type = params.business_type;
  if (params.business_profile !== undefined && account.business_profile) {
    Object.assign(account.business_profile, definedOf(params.business_profile));
  }
  const capabilities: Record<string, string> = account.capabilities as Record<string, string>;
  for (const name of readRequested(params.capabilities)) {
    capabilities[name] ??= account.details_submitted ? 'active' : 'inactive';
  }
  account.metadata = changeMetadata(account.metadata ?? {}, params.metadata);
  emitAccountUpdated(world, account);
  return account;
}

/** https://docs.stripe.com/api/accounts/login_link: only once the account is onboarded. */
function loginLink({ world, ids }: Call<unknown>): Stripe.LoginLink {
  const account = mustFindAccount(world, ids[0]!);
  if (!account.details_submitted) {
    throw invalidRequest('Cannot create a login link for an account that has not completed onboarding.');
  }
  return { object: 'login_link', created: now(), url: `${world.publicUrl}/accounts/${account.id}` };
}

function readRequested(
  given: Record<string, { readonly requested: boolean | undefined }> | undefined,
): CapabilityName[] {
  const requested: CapabilityName[] = [];
  for (const [name, wish] of Object.entries(given ?? {})) {
    const known = CAPABILITIES.find((one) => one === name);
    if (known === undefined) {
      throw invalidRequest(`Invalid capability: ${name}. The local Stripe has ${CAPABILITIES.join(', ')}.`, {
        param: `capabilities[${name}]`,
      });
    }
    if (wish.requested === true) requested.push(known);
  }
  return requested;
}

function definedOf(given: object): object {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
