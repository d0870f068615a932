import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { AppError } from '../../src/errors.js';
import { InProcessTicketLocks } from '../../src/inventory/in-process-locks.js';
import { Metrics } from '../../src/metrics.js';

const WAIT_MS = 1_000;
const TICKETS = [1, 2, 3, 4];

type Step =
  | { readonly kind: 'arrive'; readonly tickets: readonly number[] }
  /** Of those who hold locks at that moment, one ends its work. */
  | { readonly kind: 'end'; readonly which: number; readonly fails: boolean }
  | { readonly kind: 'pass'; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('arrive' as const),
      // With repetitions, in any order.
      tickets: fc.array(fc.constantFrom(...TICKETS), { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('end' as const), which: fc.nat(), fails: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: WAIT_MS }) }),
  },
);

interface Buyer {
  readonly arrivedAt: number;
  readonly tickets: ReadonlySet<number>;
  state: 'waiting' | 'holding' | 'done' | 'failed' | 'turned away';
  end: (fails: boolean) => void;
}

const metrics = new Metrics();

/** Carries steps out one after the other, and after each checks what must always hold. */
class Sale {
  readonly buyers: Buyer[] = [];
  /** What went wrong inside of callbacks, from where it would reach nobody. */
  private readonly problems: string[] = [];
  private readonly locks = new InProcessTicketLocks(WAIT_MS, metrics);

  async take(next: Step): Promise<void> {
    if (next.kind === 'arrive') this.arrive(next.tickets);
    if (next.kind === 'pass') await jest.advanceTimersByTimeAsync(next.ms);
    const holding = this.in('holding');
    if (next.kind === 'end' && holding.length > 0) holding[next.which % holding.length]!.end(next.fails);
    await settle();
    this.check();
  }

  in(state: Buyer['state']): Buyer[] {
    return this.buyers.filter((buyer) => buyer.state === state);
  }

  private arrive(tickets: readonly number[]): void {
    const buyer: Buyer = {
      arrivedAt: Date.now(),
      tickets: new Set(tickets),
      state: 'waiting',
      end: () => {},
    };
    this.buyers.push(buyer);
    const work = () =>
      new Promise<void>((resolve, reject) => {
        this.checkTurn(buyer);
        buyer.state = 'holding';
        buyer.end = (fails) => {
          buyer.state = fails ? 'failed' : 'done';
          if (fails) reject(new Error('the work failed'));
          else resolve();
        };
      });
    this.locks
      .hold(
        tickets.map((ticketId) => ({ showId: 1, ticketId })),
        work,
      )
      .catch((error: unknown) => {
        if (buyer.state === 'failed') return;
        const busy =
          error instanceof AppError && error.code === 'INVENTORY_BUSY' && buyer.state === 'waiting';
        if (!busy) this.problems.push(`${buyer.state}: ${error}`);
        buyer.state = 'turned away';
      });
  }

  /** First come, first served: nobody who came earlier still waits for any of the same tickets. */
  private checkTurn(buyer: Buyer): void {
    const earlier = this.buyers.slice(0, this.buyers.indexOf(buyer)).filter((other) => this.isWaiting(other));
    if (earlier.some((other) => meet(other, buyer))) this.problems.push('somebody was overtaken');
  }

  /** Who has waited long enough goes away, even where it has not heard so yet. */
  private isWaiting({ state, arrivedAt }: Buyer): boolean {
    return state === 'waiting' && Date.now() - arrivedAt < WAIT_MS;
  }

  private check(): void {
    expect(this.problems).toEqual([]);
    const holding = this.in('holding');
    for (const [index, buyer] of holding.entries()) {
      for (const other of holding.slice(index + 1)) expect(meet(buyer, other)).toBe(false);
    }
    for (const [index, buyer] of this.buyers.entries()) {
      if (buyer.state !== 'waiting') continue;
      // Nobody waits without a reason, nor for longer than WAIT_MS.
      const before = [...holding, ...this.buyers.slice(0, index).filter(({ state }) => state === 'waiting')];
      expect(before.some((other) => meet(other, buyer))).toBe(true);
      expect(Date.now() - buyer.arrivedAt).toBeLessThan(WAIT_MS);
    }
  }
}

function meet(one: Buyer, other: Buyer): boolean {
  return [...one.tickets].some((ticket) => other.tickets.has(ticket));
}

/** Lets every promise that can settle now do so. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe('the locks within one process', () => {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'performance'] });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('exclude each other, serve in order of arrival, and leave nothing held', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const sale = new Sale();
        for (const next of steps) await sale.take(next);
        while (sale.in('holding').length > 0) await sale.take({ kind: 'end', which: 0, fails: false });
        expect(sale.in('waiting')).toEqual([]);
        await sale.take({ kind: 'arrive', tickets: TICKETS });
        expect(sale.buyers.at(-1)?.state).toBe('holding');
        await sale.take({ kind: 'end', which: 0, fails: false });
        expect(jest.getTimerCount()).toBe(0);
      }),
      { numRuns: 1_000 },
    );
  });
});
