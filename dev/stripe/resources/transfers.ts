import type Stripe from 'stripe';
import { balanceOf } from '../actions/ledger.js';
import { reverseTransfer } from '../actions/reversals.js';
import { createTransfer } from '../actions/settlement.js';
import { formatAmount, readCurrency } from '../state/currencies.js';
import type { World } from '../state/world.js';
import { type Endpoint, endpoint } from '../wire/endpoint.js';
import { invalidRequest, missingResource } from '../wire/errors.js';
import { boolean, clearable, integer, optional, text } from '../wire/fields.js';
import { changeMetadata, metadata } from '../wire/metadata.js';
import { createdField, isWithin, page, pagingFields } from '../wire/paging.js';
import { checkDestination } from './account-rules.js';
import { mustFindCharge } from './charges.js';

const listFields = {
  ...pagingFields,
  created: createdField,
  destination: optional(text()),
  transfer_group: optional(text()),
} as const;

const createFields = {
  amount: integer({ minimum: 1 }),
  currency: text(),
  description: optional(text()),
  destination: text(),
  metadata,
  source_transaction: optional(text()),
  transfer_group: optional(text()),
} as const;

/** https://docs.stripe.com/api/transfers and https://docs.stripe.com/api/transfer_reversals */
export const transferEndpoints: readonly Endpoint[] = [
  endpoint('GET', '/v1/transfers', listFields, ({ world, params }) =>
    page(world.store.transfers, params, '/v1/transfers', (transfer) => {
      return (
        isWithin(transfer.created, params.created) &&
        (params.destination === undefined || transfer.destination === params.destination) &&
        (params.transfer_group === undefined || transfer.transfer_group === params.transfer_group)
      );
    }),
  ),
  endpoint('POST', '/v1/transfers', createFields, ({ world, params }) => {
    checkDestination(world, params.destination, 'destination');
    const currency = readCurrency(params.currency, 'currency');
    const source =
      params.source_transaction === undefined
        ? undefined
        : mustFindCharge(world, params.source_transaction, 'source_transaction', 400);
    if (source === undefined) checkBalance(world, params.amount, currency);
    else checkSource(world, source, params.amount, currency);
    return createTransfer(world, {
      amount: params.amount,
      currency,
      destination: params.destination,
      sourceTransaction: source?.id ?? null,
      transferGroup: params.transfer_group ?? source?.transfer_group ?? null,
      description: params.description ?? null,
      metadata: changeMetadata({}, params.metadata),
    });
  }),
  endpoint('GET', '/v1/transfers/:id', {}, ({ world, ids }) => mustFindTransfer(world, ids[0]!)),
  endpoint(
    'POST',
    '/v1/transfers/:id',
    { description: clearable(text()), metadata },
    ({ world, ids, params }) => {
      const transfer = mustFindTransfer(world, ids[0]!);
      const previous = { description: transfer.description, metadata: transfer.metadata };
      if (params.description !== undefined) transfer.description = params.description;
      transfer.metadata = changeMetadata(transfer.metadata, params.metadata);
      world.events.emit('transfer.updated', transfer, { previous });
      return transfer;
    },
  ),
  endpoint(
    'POST',
    '/v1/transfers/:id/reversals',
    {
      amount: optional(integer({ minimum: 1 })),
      description: optional(text()),
      metadata,
      refund_application_fee: optional(boolean()),
    },
    ({ world, ids, params }) =>
      reverseTransfer(world, mustFindTransfer(world, ids[0]!), {
        amount: params.amount,
        metadata: changeMetadata({}, params.metadata),
        refundApplicationFee: params.refund_application_fee ?? false,
        sourceRefund: null,
      }),
  ),
  endpoint('GET', '/v1/transfers/:id/reversals', { ...pagingFields }, ({ world, ids, params }) => {
    const transfer = mustFindTransfer(world, ids[0]!);
    return page(
      world.store.transferReversals,
      params,
      `/v1/transfers/${transfer.id}/reversals`,
      (reversal) => reversal.transfer === transfer.id,
    );
  }),
  endpoint('GET', '/v1/transfers/:id/reversals/:id', {}, ({ world, ids }) => {
    const reversal = world.store.transferReversals.get(ids[1]!);
    if (reversal?.transfer !== ids[0]) throw missingResource('transfer_reversal', ids[1]!, 'id');
    return reversal!;
  }),
];

function checkBalance(world: World, amount: number, currency: string): void {
  const available = balanceOf(world).get(currency) ?? 0;
  if (amount <= available) return;
  throw invalidRequest(
    `You have insufficient available funds in your Stripe account: ${formatAmount(available, currency)}. The transfer needs ${formatAmount(amount, currency)}.`,
    { code: 'balance_insufficient' },
  );
}

/** No more than the charge brought in (https://docs.stripe.com/connect/separate-charges-and-transfers). */
function checkSource(world: World, source: Stripe.Charge, amount: number, currency: string): void {
  const param = 'source_transaction';
  if (source.status !== 'succeeded') {
    throw invalidRequest(`The charge ${source.id} has not succeeded and cannot be transferred.`, { param });
  }
  if (source.currency !== currency) {
    throw invalidRequest(
      `The currency of the transfer (${currency}) must be that of its source_transaction (${source.currency}).`,
      { param: 'currency' },
    );
  }
  const others = world.store.transfers.filter((transfer) => transfer.source_transaction === source.id);
  const transferred = others.reduce((sum, transfer) => sum + transfer.amount - transfer.amount_reversed, 0);
  if (transferred + amount <= source.amount) return;
  throw invalidRequest(
    `Transfers using this transaction as a source must not exceed the source amount of ${formatAmount(source.amount, currency)}; those so far amount to ${formatAmount(transferred, currency)}.`,
    { param: 'amount' },
  );
}

function mustFindTransfer(world: World, id: string): Stripe.Transfer {
  const transfer = world.store.transfers.get(id);
  if (transfer === undefined) throw missingResource('transfer', id, 'transfer');
  return transfer;
}
