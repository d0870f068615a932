import { badUserInput } from '../errors.js';

const LARGEST_INTEGER_ID = 2_147_483_647;
const INTEGER_ID = /^[1-9][0-9]{0,9}$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function isIntegerId(value: string): boolean {
  return integerId(value) !== undefined;
}

export function isUuid(value: string): boolean {
  return UUID.test(value);
}

/** A decimal integer from 1 to 2^31-1 without sign, space or leading zero; undefined for all else. */
function integerId(value: string): number | undefined {
  if (!INTEGER_ID.test(value)) return undefined;
  const id = Number(value);
  return id <= LARGEST_INTEGER_ID ? id : undefined;
}

export function parseShowId(value: string, field = 'id'): number {
  const id = integerId(value);
  if (id === undefined) throw badUserInput(field, 'Invalid show ID format');
  return id;
}

export function parseProducerId(value: string, field = 'producerId'): number {
  const id = integerId(value);
  if (id === undefined) throw badUserInput(field, 'Invalid producer ID format');
  return id;
}

/** The message names the id, since an input may carry many; long ones are cut. */
export function parseTicketId(value: string, field = 'id'): number {
  const id = integerId(value);
  if (id === undefined) throw badUserInput(field, `Invalid ticket ID format: ${shortened(value)}`);
  return id;
}

export function parseOrderId(value: string, field = 'id'): string {
  if (!isUuid(value)) throw badUserInput(field, 'Invalid order ID format');
  return value.toLowerCase();
}

export function parseRefundId(value: string, field = 'id'): string {
  if (!isUuid(value)) throw badUserInput(field, 'Invalid refund ID format');
  return value.toLowerCase();
}

/** The message names the id, as that of a ticket does. */
export function parseOrderLineId(value: string, field: string): string {
  if (!isUuid(value)) throw badUserInput(field, `Invalid order line ID format: ${shortened(value)}`);
  return value.toLowerCase();
}

/** The message names the id, as that of a ticket does. */
export function parseAttendeeId(value: string, field: string): string {
  if (!isUuid(value)) throw badUserInput(field, `Invalid attendee ID format: ${shortened(value)}`);
  return value.toLowerCase();
}

function shortened(value: string): string {
  return value.length > 100 ? `${value.slice(0, 100)}…` : value;
}
