import type Stripe from 'stripe';
import { newId } from '../state/ids.js';
import { now } from '../state/world.js';

export type CapabilityName = 'card_payments' | 'transfers';
export type CapabilityStatus = 'active' | 'inactive' | 'pending';
export const CAPABILITIES: readonly CapabilityName[] = ['card_payments', 'transfers'];

/** What a new express account still has to tell Stripe. */
const FIRST_REQUIREMENTS = [
  'business_profile.mcc',
  'business_profile.url',
  'business_type',
  'external_account',
  'representative.first_name',
  'representative.last_name',
  'tos_acceptance.date',
  'tos_acceptance.ip',
];

export interface NewAccount {
  readonly type: 'express' | 'standard' | 'none';
  readonly controller: Stripe.Account.Controller | undefined;
  readonly country: string;
  readonly defaultCurrency: string;
  readonly email: string | null;
  readonly businessType: Stripe.Account.BusinessType | null;
  readonly businessName: string | null;
  readonly businessUrl: string | null;
  readonly requested: readonly CapabilityName[];
  readonly metadata: Record<string, string>;
}

/** https://docs.stripe.com/api/accounts/object, before onboarding. */
export function newAccount(given: NewAccount): Stripe.Account {
  const id = newId('acct_1', 15);
  return {
    id,
    object: 'account',
    business_profile: {
      mcc: null,
      minority_owned_business_designation: null,
      name: given.businessName,
      product_description: null,
      specified_commercial_transactions_act_url: null,
      support_address: null,
      support_email: null,
      support_phone: null,
      support_url: null,
      url: given.businessUrl,
    },
    business_type: given.businessType,
    capabilities: Object.fromEntries(given.requested.map((name) => [name, 'inactive'])),
    charges_enabled: false,
    controller: given.controller ?? (given.type === 'standard' ? standardController() : expressController()),
    country: given.country,
    created: now(),
    default_currency: given.defaultCurrency,
    details_submitted: false,
    email: given.email,
    external_accounts: {
      object: 'list',
      data: [],
      has_more: false,
      url: `/v1/accounts/${id}/external_accounts`,
    },
    future_requirements: requirements([], null),
    groups: { payments_pricing: null },
    metadata: given.metadata,
    payouts_enabled: false,
    requirements: requirements(FIRST_REQUIREMENTS, 'requirements.past_due'),
    settings: newSettings(),
    tos_acceptance: { date: null, ip: null, user_agent: null },
    type: given.type,
  };
}

export function requirements(
  due: readonly string[],
  disabledReason: Stripe.Account.Requirements.DisabledReason | null,
): Stripe.Account.Requirements {
  return {
    alternatives: [],
    current_deadline: null,
    currently_due: [...due],
    disabled_reason: disabledReason,
    errors: [],
    eventually_due: [...due],
    past_due: disabledReason === 'requirements.past_due' ? [...due] : [],
    pending_verification: [],
  };
}

function expressController(): Stripe.Account.Controller {
  return {
    fees: { payer: 'application_express' },
    is_controller: true,
    losses: { payments: 'application' },
    requirement_collection: 'stripe',
    stripe_dashboard: { type: 'express' },
    type: 'application',
  };
}

function standardController(): Stripe.Account.Controller {
  return {
    fees: { payer: 'account' },
    is_controller: true,
    losses: { payments: 'stripe' },
    requirement_collection: 'stripe',
    stripe_dashboard: { type: 'full' },
    type: 'application',
  };
}

function newSettings(): Stripe.Account.Settings {
  return {
    branding: { icon: null, logo: null, primary_color: null, secondary_color: null },
    card_payments: {
      decline_on: { avs_failure: false, cvc_failure: false },
      statement_descriptor_prefix: null,
      statement_descriptor_prefix_kana: null,
      statement_descriptor_prefix_kanji: null,
    },
    dashboard: { display_name: null, timezone: 'Etc/UTC' },
    payments: {
      statement_descriptor: null,
      statement_descriptor_kana: null,
      statement_descriptor_kanji: null,
      statement_descriptor_prefix_kana: null,
      statement_descriptor_prefix_kanji: null,
    },
    payouts: {
      debit_negative_balances: true,
      schedule: { delay_days: 2, interval: 'daily' },
      statement_descriptor: null,
    },
  };
}

export function newCapability(account: Stripe.Account, name: CapabilityName): Stripe.Capability {
  const status = account.capabilities?.[name];
  return {
    id: name,
    object: 'capability',
    account: account.id,
    requested: status !== undefined,
    requested_at: status === undefined ? null : (account.created ?? null),
    requirements: {
      alternatives: [],
      current_deadline: null,
      currently_due: account.requirements?.currently_due ?? [],
      disabled_reason: status === 'active' ? null : 'requirements.fields_needed',
      errors: [],
      eventually_due: [],
      past_due: [],
      pending_verification: [],
    },
    status: status ?? 'unrequested',
  };
}
