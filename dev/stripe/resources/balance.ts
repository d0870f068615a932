import type Stripe from 'stripe';
import { balanceOf } from '../actions/ledger.js';
import { type Endpoint, endpoint } from '../wire/endpoint.js';
import { missingResource } from '../wire/errors.js';
import { optional, text } from '../wire/fields.js';
import { createdField, isWithin, page, pagingFields } from '../wire/paging.js';

/** https://docs.stripe.com/api/balance and https://docs.stripe.com/api/balance_transactions */
export const balanceEndpoints: readonly Endpoint[] = [
  endpoint('GET', '/v1/balance', {}, ({ world }): Stripe.Balance => {
    const available = [...balanceOf(world)].map(([currency, amount]) => ({
      amount,
      currency,
      source_types: { card: amount },
    }));
    return { object: 'balance', available, livemode: false, pending: [] };
  }),
  endpoint(
    'GET',
    '/v1/balance_transactions',
    {
      ...pagingFields,
      created: createdField,
      currency: optional(text()),
      source: optional(text()),
      type: optional(text()),
    },
    ({ world, params }) =>
      page(world.store.balanceTransactions, params, '/v1/balance_transactions', (entry) => {
        return (
          isWithin(entry.created, params.created) &&
          (params.currency === undefined || entry.currency === params.currency) &&
          (params.source === undefined || entry.source === params.source) &&
          (params.type === undefined || entry.type === params.type)
        );
      }),
  ),
  endpoint('GET', '/v1/balance_transactions/:id', {}, ({ world, ids }) => {
    const entry = world.store.balanceTransactions.get(ids[0]!);
    if (entry === undefined) throw missingResource('balance_transaction', ids[0]!, 'id');
    return entry;
  }),
];
