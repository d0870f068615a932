import type { Account, PublishedShow, Purchase } from '../support/fixtures.js';
import type { Variables } from '../support/graphql-client.js';
import type { OperationName } from '../support/operations.js';

export type Role = 'nobody' | 'buyer' | 'otherProducer' | 'owner' | 'operator';
export const ROLES: readonly Role[] = ['nobody', 'buyer', 'otherProducer', 'owner', 'operator'];

/** An error's code, or what the operation's field answers with. */
export type Outcome = string | null | Readonly<Record<string, unknown>> | readonly unknown[];

export interface Row {
  readonly operation: OperationName;
  readonly of: string;
  /** Made anew for every cell, since many operations use up what they are given. */
  readonly variables: () => Variables | Promise<Variables>;
  readonly outcome: Readonly<Record<Role, Outcome>>;
}

/** Who and what the rows speak of. */
export interface Cast {
  readonly show: PublishedShow;
  readonly owner: Account;
  ticketId(): string;
  items(): Array<{ ticketId: string; quantity: number }>;
  /** A purchase that the buyer makes while signed in. */
  bought(): Promise<Purchase>;
  orderOfBuyer(): Promise<Variables>;
  orderWithToken(): Promise<Variables>;
  /** The id of an order of free tickets that the buyer made while signed in. */
  confirmed(): Promise<string>;
  /** A refund of such an order. */
  refundOfBuyer(): Promise<Variables>;
  /** The id of a show of the owner's that is on sale, and that nothing else is about. */
  published(): Promise<string>;
  /** With its access token. */
  paidOrder(): Promise<Variables>;
  /** A show that the owner has not published, and its ticket. */
  draft(): Promise<{ readonly showId: string; readonly ticketId: string }>;
  stranger(): Promise<Account>;
}

export const everybody = (outcome: Outcome) => ({
  nobody: outcome,
  buyer: outcome,
  otherProducer: outcome,
  owner: outcome,
  operator: outcome,
});
export const operatorOnly = (outcome: Outcome) => ({
  ...signedIn('FORBIDDEN'),
  operator: outcome,
});
export const signedIn = (outcome: Outcome) => ({ ...everybody(outcome), nobody: 'UNAUTHENTICATED' });
export const ownerOnly = (outcome: Outcome, others: Outcome, nobody: Outcome = others) => ({
  ...everybody(others),
  nobody,
  owner: outcome,
});
export const buyerAndOwner = (outcome: Outcome, others: Outcome, nobody: Outcome = others) => ({
  ...ownerOnly(outcome, others, nobody),
  buyer: outcome,
});
