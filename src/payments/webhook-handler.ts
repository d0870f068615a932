import type { EntityManager } from '@mikro-orm/postgresql';
import type Stripe from 'stripe';

/** What an event leads to: an effect inside the transaction that stores it, and what follows the commit. */
export interface WebhookEffect {
  apply(em: EntityManager): Promise<'applied' | 'ignored' | 'refused'>;
  afterCommit?(): void;
}

/**
 * Prepares the effect of an event, asking Stripe for the object as it is now: the payload is a hint,
 * since events come late, twice and in any order. Called outside of any transaction.
 */
export type WebhookHandler = (event: Stripe.Event) => Promise<WebhookEffect | undefined>;

/** `platform`: the platform's own events; `connect`: those of the accounts connected to it. */
export type WebhookEndpoint = 'platform' | 'connect';

/**
 * Whose events of this type concern us. All payments are made on the platform's account; what happens on a
 * connected account is its owner's business, except for the state of the account itself.
 */
export function scopeOf(eventType: string): WebhookEndpoint {
  return /^(account|capability)\./.test(eventType) ? 'connect' : 'platform';
}
