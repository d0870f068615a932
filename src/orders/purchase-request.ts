import { hash } from 'node:crypto';
import { z } from 'zod';
import { badUserInput } from '../errors.js';
import { decode } from '../validation/decode.js';
import { parseShowId, parseTicketId } from '../validation/ids.js';
import { email, httpUrl, key, price, text } from '../validation/rules.js';

/** A cart of more kinds of tickets than this is a mistake or an attack. */
const MOST_ITEMS = 50;

const purchaseRules = z.object({
  showId: z.string(),
  items: z
    .array(
      z.object({
        ticketId: z.string(),
        quantity: z.number().int().min(1, 'Quantity must be at least 1'),
        expectedUnitPrice: price.nullish(),
      }),
    )
    .min(1, 'Choose at least one ticket')
    .max(MOST_ITEMS, `An order may have at most ${MOST_ITEMS} items`),
  email,
  name: text('Name', 200).nullish(),
  idempotencyKey: key('idempotencyKey', 8, 200).nullish(),
  successUrl: httpUrl('successUrl').nullish(),
  cancelUrl: httpUrl('cancelUrl').nullish(),
});

export type PurchaseInput = z.input<typeof purchaseRules>;

/** What is wanted of one ticket, summed over all items that name it. */
export interface WantedTicket {
  readonly ticketId: number;
  readonly quantity: number;
  /** The unit prices the buyer was shown, in minor units; empty where it sent none. */
  readonly expectedUnitPrices: readonly number[];
}

/** A purchase whose form is right; whether it can be had is not yet known. */
export interface PurchaseRequest {
  readonly showId: number;
  readonly wanted: readonly WantedTicket[];
  readonly email: string;
  readonly name: string | null;
  readonly idempotencyKey: string | null;
  readonly successUrl: string | null;
  readonly cancelUrl: string | null;
  /** The same for the same input, whatever order its fields come in. */
  readonly inputHash: string;
}

/** @throws AppError BAD_USER_INPUT; ids are checked before all else */
export function decodePurchase(input: PurchaseInput): PurchaseRequest {
  const showId = parseShowId(input.showId, 'showId');
  if (input.items.length > MOST_ITEMS) {
    throw badUserInput('items', `An order may have at most ${MOST_ITEMS} items`);
  }
  const ticketIds = input.items.map((item, index) => parseTicketId(item.ticketId, `items.${index}.ticketId`));
  const rules = decode(purchaseRules, input);
  const request = {
    showId,
    wanted: summed(rules.items.map((item, index) => ({ ...item, ticketId: ticketIds[index] as number }))),
    email: rules.email,
    name: rules.name ?? null,
    idempotencyKey: rules.idempotencyKey ?? null,
    successUrl: rules.successUrl ?? null,
    cancelUrl: rules.cancelUrl ?? null,
  };
  return { ...request, inputHash: hashOf(request) };
}

/** An address is the same in capitals, as it is for the scope of a key. */
function hashOf(request: Omit<PurchaseRequest, 'inputHash'>): string {
  const input = { ...request, email: request.email.toLowerCase() };
  return hash('sha256', JSON.stringify(input));
}

function summed(
  items: readonly { ticketId: number; quantity: number; expectedUnitPrice?: number | null }[],
): WantedTicket[] {
  return [...Map.groupBy(items, (item) => item.ticketId)].map(([ticketId, same]) => ({
    ticketId,
    quantity: same.reduce((sum, item) => sum + item.quantity, 0),
    expectedUnitPrices: same.flatMap((item) => item.expectedUnitPrice ?? []),
  }));
}
