import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AppError } from '../../src/errors.js';
import type { TicketRow } from '../../src/inventory/index.js';
import {
  decodePurchase,
  type PurchaseInput,
  type PurchaseRequest,
} from '../../src/orders/purchase-request.js';
import { pricePurchase } from '../../src/orders/purchase-rules.js';

const NOW = new Date('2030-06-01T12:00:00.000Z');
const at = (milliseconds: number) => new Date(NOW.getTime() + milliseconds);

const row = (change: Partial<TicketRow> = {}): TicketRow => ({
  id: 1,
  showId: 7,
  name: 'Seat',
  price: 500,
  currency: 'USD',
  quantity: 100,
  held: 0,
  sold: 0,
  version: 1,
  salesStartAt: null,
  salesEndAt: null,
  minPerOrder: 1,
  maxPerOrder: 10,
  showStatus: 'PUBLISHED',
  showEndsAt: at(86_400_000),
  readAt: NOW,
  ...change,
});

const requestOf = (items: PurchaseInput['items'], change: Partial<PurchaseInput> = {}): PurchaseRequest =>
  decodePurchase({ showId: '7', items, email: 'buyer@example.com', ...change });
const one = (quantity = 1, more: { expectedUnitPrice?: number } = {}) =>
  requestOf([{ ticketId: '1', quantity, ...more }]);

/** The code of the refusal, or what the purchase comes to. */
function outcome(request: PurchaseRequest, rows: readonly TicketRow[]): string | number {
  try {
    return pricePurchase(request, rows, NOW).total;
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
}

describe('what a purchase is refused for', () => {
  /** Each wrong in every way that comes after its own: the first one counts. */
  const wrongs: ReadonlyArray<[string, Partial<TicketRow>]> = [
    ['SOLD_OUT', { quantity: 0 }],
    ['BAD_USER_INPUT', { price: 99_999_999 }],
    ['PRICE_CHANGED', { price: 501 }],
    ['LIMIT_EXCEEDED', { minPerOrder: 3 }],
    ['TICKET_NOT_ON_SALE', { salesStartAt: at(1) }],
    ['SHOW_NOT_ON_SALE', { showStatus: 'CANCELLED' }],
    ['NOT_FOUND', { showId: 8 }],
  ];

  it.each(wrongs.map(([code], index) => [code, index] as const))(
    '%s comes before what is less',
    (code, index) => {
      const expectedUnitPrice =
        code === 'BAD_USER_INPUT' || code === 'SOLD_OUT' ? {} : { expectedUnitPrice: 500 };
      const until = code === 'SOLD_OUT' ? 0 : index;
      const change = Object.assign({}, ...wrongs.slice(0, until + 1).map(([, part]) => part));
      expect(outcome(one(2, expectedUnitPrice), [row(change)])).toBe(code);
    },
  );

  it('is nothing where nothing is wrong', () => {
    expect(outcome(one(2, { expectedUnitPrice: 500 }), [row()])).toBe(1_000);
  });
});

describe('the edges', () => {
  it.each([
    ['sales begin this very millisecond', { salesStartAt: NOW }, 500],
    ['sales begin in a millisecond', { salesStartAt: at(1) }, 'TICKET_NOT_ON_SALE'],
    ['sales end in a millisecond', { salesEndAt: at(1) }, 500],
    ['sales end this very millisecond', { salesEndAt: NOW }, 'TICKET_NOT_ON_SALE'],
    ['the show ends in a millisecond', { showEndsAt: at(1) }, 500],
    ['the show ends this very millisecond', { showEndsAt: NOW }, 'SHOW_NOT_ON_SALE'],
    ['the show is a draft', { showStatus: 'DRAFT' }, 'SHOW_NOT_ON_SALE'],
    ['one is left', { quantity: 3, held: 1, sold: 1 }, 500],
    ['none is left', { quantity: 3, held: 2, sold: 1 }, 'SOLD_OUT'],
    ['all are held', { quantity: 3, held: 3 }, 'SOLD_OUT'],
    ['one is the least', { minPerOrder: 1, maxPerOrder: 1 }, 500],
    ['two are the least', { minPerOrder: 2 }, 'LIMIT_EXCEEDED'],
    ['the price is the largest there is', { price: 99_999_999 }, 99_999_999],
  ] as const)('where %s', (_what, change, expected) => {
    expect(outcome(one(), [row(change)])).toBe(expected);
  });

  it('of a total are those of an amount', () => {
    const rows = [row({ price: 99_999_998 }), row({ id: 2, price: 1 }), row({ id: 3, price: 2 })];
    const both = (second: string) => requestOf(['1', second].map((ticketId) => ({ ticketId, quantity: 1 })));
    expect(outcome(both('2'), rows)).toBe(99_999_999);
    expect(outcome(both('3'), rows)).toBe('BAD_USER_INPUT');
  });
});

describe('a purchase of several tickets', () => {
  it('comes to the sum of its prices, whatever the order and however often a ticket is named', () => {
    const rows = [1, 2, 3].map((id) => row({ id, price: id * 111, quantity: 10_000, maxPerOrder: 1_000 }));
    const item = fc.record({
      ticketId: fc.constantFrom('1', '2', '3'),
      quantity: fc.integer({ min: 1, max: 20 }),
    });
    fc.assert(
      fc.property(fc.array(item, { minLength: 1, maxLength: 50 }), (items) => {
        const priced = pricePurchase(requestOf(items), rows, NOW);
        const sum = items.reduce(
          (total, { ticketId, quantity }) => total + Number(ticketId) * 111 * quantity,
          0,
        );
        expect(priced.total).toBe(sum);
        expect(priced.tickets.length).toBe(new Set(items.map(({ ticketId }) => ticketId)).size);
        const bought = priced.tickets.reduce((total, ticket) => total + ticket.quantity, 0);
        expect(bought).toBe(items.reduce((total, { quantity }) => total + quantity, 0));
      }),
    );
  });

  it('is refused for more than one currency, a free one included', () => {
    const items = ['1', '2'].map((ticketId) => ({ ticketId, quantity: 1 }));
    expect(outcome(requestOf(items), [row(), row({ id: 2, currency: 'EUR', price: 0 })])).toBe(
      'BAD_USER_INPUT',
    );
  });

  it('does not reach the rows of another show', () => {
    expect(outcome(one(), [row({ showId: 8 })])).toBe('NOT_FOUND');
    expect(outcome(one(), [])).toBe('NOT_FOUND');
  });
});

describe('the hash of an input', () => {
  const hash = (change: Partial<PurchaseInput> = {}) =>
    requestOf([{ ticketId: '1', quantity: 1 }], { idempotencyKey: '12345678', ...change }).inputHash;

  it('is the same for the same purchase, however it is written', () => {
    expect(hash({ name: null, successUrl: undefined })).toBe(hash());
    expect(hash({ email: ' Buyer@Example.com ' })).toBe(hash());
    const twice = { items: [1, 1].map((quantity) => ({ ticketId: '1', quantity })) };
    expect(hash(twice)).toBe(hash({ items: [{ ticketId: '1', quantity: 2 }] }));
  });

  it('differs with everything that matters', () => {
    const others: Partial<PurchaseInput>[] = [
      {},
      { showId: '8' },
      { items: [{ ticketId: '1', quantity: 2 }] },
      { items: [{ ticketId: '2', quantity: 1 }] },
      { items: [{ ticketId: '1', quantity: 1, expectedUnitPrice: 0 }] },
      { email: 'other@example.com' },
      { name: 'A Name' },
      { successUrl: 'https://shop.example/' },
      { cancelUrl: 'https://shop.example/' },
    ];
    expect(new Set(others.map(hash)).size).toBe(others.length);
  });
});
