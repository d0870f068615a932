import type { Account, PublishedShow, Purchase } from '../support/fixtures.js';
import type { Variables } from '../support/graphql-client.js';
import type { OperationName } from '../support/operations.js';

/**
 * `tokenHolder` is nobody who has the access token of another order of the buyer, and sends it wherever one can be sent
 * and the row sends none. The rest are signed in: `stranger` has done nothing, `otherBuyer` has an order of their own.
 */
export const ROLES = [
  'nobody',
  'tokenHolder',
  'stranger',
  'buyer',
  'otherBuyer',
  'otherProducer',
  'owner',
  'operator',
] as const;
export type Role = (typeof ROLES)[number];

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
  /** An e-mail address that somebody without an account has bought free tickets with. */
  guest(): Promise<string>;
}

export const everybody = (outcome: Outcome) =>
  Object.fromEntries(ROLES.map((role) => [role, outcome])) as Record<Role, Outcome>;
export const operatorOnly = (outcome: Outcome) => ({
  ...signedIn('FORBIDDEN'),
  operator: outcome,
});
export const signedIn = (outcome: Outcome) => ({
  ...everybody(outcome),
  nobody: 'UNAUTHENTICATED',
  tokenHolder: 'UNAUTHENTICATED',
});
/** @param tokenHolder of another order; the same as nobody where no token can be sent */
export const ownerOnly = (
  outcome: Outcome,
  others: Outcome,
  nobody: Outcome = others,
  tokenHolder: Outcome = nobody,
) => ({
  ...everybody(others),
  nobody,
  tokenHolder,
  owner: outcome,
});
/** @param nobody without an account and without a token; with the token of another order, it is `others` */
export const buyerAndOwner = (outcome: Outcome, others: Outcome, nobody: Outcome = others) => ({
  ...ownerOnly(outcome, others, nobody, others),
  buyer: outcome,
});
