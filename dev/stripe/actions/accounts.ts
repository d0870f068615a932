import type Stripe from 'stripe';
import { mustFindAccount } from '../resources/account-rules.js';
import {
  CAPABILITIES,
  type CapabilityName,
  type CapabilityStatus,
  newCapability,
  requirements,
} from '../resources/account-shape.js';
import { now, type World } from '../state/world.js';

export type CapabilityChanges = Readonly<Partial<Record<CapabilityName, CapabilityStatus>>>;

/** The producer fills in Stripe's form: the account may take charges and be paid out from now on. */
export function completeOnboarding(world: World, accountId: string): Stripe.Account {
  const account = mustFindAccount(world, accountId);
  account.details_submitted = true;
  account.tos_acceptance = { date: now(), ip: '127.0.0.1', user_agent: null };
  return enableCharges(world, accountId);
}

/** Every capability that was asked for is active again, and nothing is due. */
export function enableCharges(world: World, accountId: string): Stripe.Account {
  const account = mustFindAccount(world, accountId);
  account.charges_enabled = true;
  account.payouts_enabled = true;
  account.requirements = requirements([], null);
  setCapabilities(world, account, asked(account, 'active'));
  emitAccountUpdated(world, account);
  return account;
}

/** Stripe wants more from the producer and stops charges and transfers until it has it. */
export function disableCharges(world: World, accountId: string): Stripe.Account {
  const account = mustFindAccount(world, accountId);
  account.charges_enabled = false;
  account.payouts_enabled = false;
  account.requirements = requirements(['individual.verification.document'], 'requirements.past_due');
  setCapabilities(world, account, asked(account, 'inactive'));
  emitAccountUpdated(world, account);
  return account;
}

export function setAccountCapabilities(
  world: World,
  accountId: string,
  changes: CapabilityChanges,
): Stripe.Account {
  const account = mustFindAccount(world, accountId);
  setCapabilities(world, account, changes);
  account.charges_enabled = account.capabilities?.card_payments === 'active';
  emitAccountUpdated(world, account);
  return account;
}

/**
 * The producer disconnects: the platform's key no longer reaches the account
 * (https://docs.stripe.com/connect/webhooks, `account.application.deauthorized`).
 */
export function deauthorize(world: World, accountId: string): void {
  const account = mustFindAccount(world, accountId);
  world.store.deauthorizedAccounts.add(account.id);
  world.events.emit(
    'account.application.deauthorized',
    { id: 'ca_local', object: 'application', name: 'Local platform' },
    { account: account.id },
  );
}

export function emitAccountUpdated(world: World, account: Stripe.Account): void {
  world.events.emit('account.updated', account, { account: account.id });
}

function setCapabilities(world: World, account: Stripe.Account, changes: CapabilityChanges): void {
  for (const name of CAPABILITIES) {
    const status = changes[name];
    const previous = account.capabilities?.[name];
    if (status === undefined || status === previous) continue;
    account.capabilities = { ...account.capabilities, [name]: status };
    world.events.emit('capability.updated', newCapability(account, name), {
      account: account.id,
      previous: { status: previous ?? 'unrequested' },
    });
  }
}

function asked(account: Stripe.Account, status: CapabilityStatus): CapabilityChanges {
  const names = CAPABILITIES.filter((name) => account.capabilities?.[name] !== undefined);
  return Object.fromEntries(names.map((name) => [name, status]));
}
