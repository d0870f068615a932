import { snapshot } from '../state/snapshot.js';
import type { Store } from '../state/store.js';
import { invalidRequest } from './errors.js';
import { type Field, list, optional, text } from './fields.js';

type Json = Record<string, unknown>;

/** https://docs.stripe.com/api/expanding_objects: at most four levels deep. */
const MAXIMUM_DEPTH = 4;

export const expandField: Field<readonly string[] | undefined> = optional(list(text()));

/** A copy of what an endpoint returned with the wished-for ids replaced by their objects. */
export function expanded(store: Store, result: object, paths: readonly string[]): object {
  const copy = snapshot(result) as Json;
  for (const path of paths) {
    const segments = path.split('.');
    if (segments.filter((segment) => segment !== 'data').length > MAXIMUM_DEPTH) {
      throw invalidRequest(`You cannot expand more than ${MAXIMUM_DEPTH} levels of a property (${path}).`, {
        param: 'expand',
      });
    }
    expandPath(store, copy, segments, path);
  }
  return copy;
}

function expandPath(store: Store, node: Json, segments: readonly string[], path: string): void {
  const [name, ...rest] = segments;
  if (name === undefined) return;
  const value = node[name] ?? includable(store, node, name);
  if (value === undefined) {
    if (!(name in node) && !isKnownAbsent(node, name)) throw notExpandable(path);
    return;
  }
  if (value === null) return;
  const object = typeof value === 'string' ? copyOf(store, value, path) : value;
  node[name] = object;
  const children = Array.isArray(object) ? object : [object];
  for (const child of children) {
    if (typeof child !== 'object' || child === null) throw notExpandable(path);
    expandPath(store, child as Json, rest, path);
  }
}

/** Lists that Stripe leaves out unless they are asked for. */
function includable(store: Store, node: Json, name: string): unknown {
  const id = String(node.id);
  if (node.object === 'checkout.session' && name === 'line_items') {
    const items = store.lineItems.get(id);
    const data = items === undefined ? [] : snapshot([...items.newestFirst()].reverse());
    return { object: 'list', data, has_more: false, url: `/v1/checkout/sessions/${id}/line_items` };
  }
  if (node.object === 'charge' && name === 'refunds') {
    const data = snapshot([...(store.refundsOfCharge.get(id) ?? [])].reverse());
    return { object: 'list', data, has_more: false, url: `/v1/charges/${id}/refunds` };
  }
  return node[name];
}

/** A charge without a transfer has no such property; asking to expand it is still fine. */
function isKnownAbsent(node: Json, name: string): boolean {
  return node.object === 'charge' && name === 'transfer';
}

function copyOf(store: Store, id: string, path: string): object {
  const found = findAny(store, id);
  if (found === undefined) throw notExpandable(path);
  return snapshot(found);
}

function findAny(store: Store, id: string): object | undefined {
  switch (id.slice(0, id.indexOf('_'))) {
    case 'acct':
      return store.accounts.get(id);
    case 'cs':
      return store.sessions.get(id);
    case 'pm':
      return store.paymentMethods.get(id);
    case 'price':
      return store.prices.get(id);
    case 'prod':
      return store.products.get(id);
    case 'pi':
      return store.paymentIntents.get(id);
    case 'ch':
      return store.charges.get(id);
    case 'tr':
      return store.transfers.get(id);
    case 'trr':
      return store.transferReversals.get(id);
    case 'fee':
      return store.applicationFees.get(id);
    case 'fr':
      return store.feeRefunds.get(id);
    case 're':
      return store.refunds.get(id);
    case 'du':
      return store.disputes.get(id);
    case 'txn':
      return store.balanceTransactions.get(id);
    default:
      return undefined;
  }
}

function notExpandable(path: string) {
  return invalidRequest(`This property cannot be expanded (${path}).`, { param: 'expand' });
}
