import { hash } from 'node:crypto';
import { z } from 'zod';
import { badUserInput } from '../errors.js';
import { decode } from '../validation/decode.js';
import { parseAttendeeId, parseOrderId, parseOrderLineId } from '../validation/ids.js';
import { key, longText } from '../validation/rules.js';
import { RefundReason } from './refund.entity.js';

/** More than any order has lines or attendees that somebody would choose by hand. */
const MOST_LINES = 50;
const MOST_ATTENDEES = 1_000;

const refundRules = z.object({
  orderId: z.string(),
  lines: z
    .array(
      z.object({
        lineId: z.string(),
        quantity: z.number().int().min(1, 'Quantity must be at least 1'),
      }),
    )
    .min(1, 'Choose at least one line, or leave this out to refund everything')
    .max(MOST_LINES, `A refund may name at most ${MOST_LINES} lines`)
    .nullish(),
  attendeeIds: z
    .array(z.string())
    .min(1, 'Choose at least one attendee, or leave this out to refund everything')
    .max(MOST_ATTENDEES, `A refund may name at most ${MOST_ATTENDEES} attendees`)
    .nullish(),
  reason: z
    .enum(RefundReason)
    .refine(
      (reason) => reason !== RefundReason.LATE_PAYMENT && reason !== RefundReason.AT_STRIPE,
      'This reason is found out, never chosen',
    ),
  note: longText('Note', 1_000).nullish(),
  restock: z.boolean(),
  idempotencyKey: key('idempotencyKey', 8, 200).nullish(),
});

export type RefundInput = z.input<typeof refundRules>;

/** What of an order is to be refunded. */
export type Choice =
  | { readonly kind: 'everything' }
  /** How many of each line, by its id. */
  | { readonly kind: 'lines'; readonly quantities: ReadonlyMap<string, number> }
  | { readonly kind: 'attendees'; readonly ids: ReadonlySet<string> };

/** A refund whose form is right; whether it can be had is not yet known. */
export interface RefundRequest {
  readonly orderId: string;
  readonly choice: Choice;
  readonly reason: RefundReason;
  readonly note: string | null;
  readonly restock: boolean;
  readonly idempotencyKey: string | null;
  /** Of everything above, SHA-256 in hex. */
  readonly inputHash: string;
}

/** @throws AppError BAD_USER_INPUT, with the path of the `field` */
export function decodeRefund(input: RefundInput): RefundRequest {
  const orderId = parseOrderId(input.orderId, 'orderId');
  const rules = decode(refundRules, input);
  const request = {
    orderId,
    choice: choiceOf(rules),
    reason: rules.reason,
    note: rules.note || null,
    restock: rules.restock,
    idempotencyKey: rules.idempotencyKey ?? null,
  };
  return { ...request, inputHash: hashOf(request) };
}

function choiceOf({ lines, attendeeIds }: z.output<typeof refundRules>): Choice {
  if (lines && attendeeIds) throw badUserInput('attendeeIds', 'Choose lines or attendees, not both');
  if (attendeeIds) {
    const ids = attendeeIds.map((id, index) => parseAttendeeId(id, `attendeeIds.${index}`));
    return { kind: 'attendees', ids: new Set(ids) };
  }
  if (!lines) return { kind: 'everything' };
  const quantities = new Map<string, number>();
  for (const [index, { lineId, quantity }] of lines.entries()) {
    const id = parseOrderLineId(lineId, `lines.${index}.lineId`);
    quantities.set(id, (quantities.get(id) ?? 0) + quantity);
  }
  return { kind: 'lines', quantities };
}

/** The same choice in another order is the same. */
function hashOf(request: Omit<RefundRequest, 'inputHash'>): string {
  const { choice } = request;
  const chosen =
    choice.kind === 'lines'
      ? [...choice.quantities].sort()
      : choice.kind === 'attendees'
        ? [...choice.ids].sort()
        : [];
  return hash('sha256', JSON.stringify({ ...request, choice: [choice.kind, chosen] }));
}
