import { isDatabaseUnavailable, type Orm, pipelined } from '../database/index.js';
import { isAppError } from '../errors.js';
import {
  type InventoryStream,
  type PurchaseBatch,
  PurchaseQueue,
  type TicketLocks,
  type Turn,
} from '../inventory/index.js';
import type { Logger } from '../logging.js';
import type { Metrics } from '../metrics.js';
import type { Attempt, OrderPlacement, Placement, Placements, Purchase } from './order-placement.js';
import type { ExecutedPurchase, PurchaseExecutor } from './purchase-executor.js';

type Batch = PurchaseBatch<Purchase, ExecutedPurchase>;
type Works = Batch['works'];
type Settled = PromiseSettledResult<ExecutedPurchase>;

/** A purchase that failed for want of the database after longer than this has waited for it; in milliseconds. */
const SLOW_FAILURE_MS = 1_000;

/** One hold of the locks and one transaction for everyone who waits. */
export class QueuedPurchaseExecutor implements PurchaseExecutor {
  private readonly queue: PurchaseQueue<Purchase, ExecutedPurchase>;

  constructor(
    private readonly orm: Orm,
    private readonly locks: TicketLocks,
    private readonly placement: OrderPlacement,
    private readonly inventory: InventoryStream,
    metrics: Metrics,
    private readonly logger: Logger,
    limits: { readonly waitMs: number },
  ) {
    this.queue = new PurchaseQueue((turn) => this.serve(turn), limits, metrics);
  }

  execute(purchase: Purchase, signal?: AbortSignal): Promise<ExecutedPurchase> {
    return this.queue.submit(purchase.request.showId, purchase, signal);
  }

  private async serve(turn: Turn<Purchase, ExecutedPurchase>): Promise<void> {
    const { works } = turn.batch;
    const shows = Map.groupBy(works, (one) => one.showId);
    if (shows.size === 1) await this.serveShow(turn);
    else turn.batch.settle(await this.serveShows(works, [...shows.values()]));
  }

  /** Under one hold of the locks, batch after batch for as long as that is fair to other processes. */
  private async serveShow(turn: Turn<Purchase, ExecutedPurchase>): Promise<void> {
    let batch = turn.batch;
    try {
      const tickets = ticketsOf(batch.works);
      const held = new Set(tickets.map(({ ticketId }) => ticketId));
      const isCovered = ({ request }: Purchase) => request.wanted.every(({ ticketId }) => held.has(ticketId));
      const last = await this.locks.hold(tickets, async (signal, times) => {
        for (let waitedMs = times.waitedMs; ; waitedMs = 0) {
          const placed = await this.inTransaction(batch.works, 'first', signal);
          // Stripe is not asked while locks are held: whoever has to pay is answered after the release.
          const next = !isPayable(placed) && times.goOn() ? turn.next(isCovered) : undefined;
          if (next === undefined) return { placed, waitedMs };
          batch.settle(this.announce(batch.works, placed, waitedMs));
          batch = next;
        }
      });
      batch.settle(this.announce(batch.works, last.placed, last.waitedMs));
    } catch (reason) {
      batch.settle(await this.oneByOne(batch.works, reason));
    }
  }

  private async serveShows(works: Works, shows: readonly Works[]): Promise<readonly Settled[]> {
    try {
      return await this.together(works, 'first', 0);
    } catch (reason) {
      // Whatever it was, a lock held elsewhere or a statement that failed, each show now goes its own way.
      const attempt = isAppError(reason, 'INVENTORY_BUSY') ? 'first' : 'again';
      const parts = shows.map(async (show) => {
        const settled = await this.together(show, attempt).catch((own) => this.oneByOne(show, own));
        return show.map((one, index) => [one, settled[index] as Settled] as const);
      });
      const results = new Map((await Promise.all(parts)).flat());
      return works.map((one) => results.get(one) as Settled);
    }
  }

  /** One of many must not fail the others: what it was is found out by each going alone. */
  private async oneByOne(works: Works, reason: unknown): Promise<readonly Settled[]> {
    if (isAppError(reason, 'INVENTORY_BUSY')) {
      return works.map(() => ({ status: 'rejected', reason }));
    }
    this.logger.warn({ err: reason, purchases: works.length }, 'A batch failed; its purchases go one by one');
    const results: Settled[] = [];
    let down: PromiseRejectedResult | undefined;
    for (const one of works) {
      const began = performance.now();
      const failed = (own: unknown): readonly Settled[] => {
        const rejected = { status: 'rejected', reason: own } as const;
        // Each of the others would wait as long for the same. One connection that was dead already says nothing of
        // theirs, and fails at once.
        if (isDatabaseUnavailable(own) && performance.now() - began > SLOW_FAILURE_MS) down = rejected;
        return [rejected];
      };
      results.push(...(down ? [down] : await this.together([one], 'again').catch(failed)));
    }
    return results;
  }

  private async together(works: Works, attempt: Attempt, lockWaitMs?: number): Promise<readonly Settled[]> {
    const { placed, waitedMs } = await this.locks.hold(
      ticketsOf(works),
      async (signal, { waitedMs }) => ({
        placed: await this.inTransaction(works, attempt, signal),
        waitedMs,
      }),
      lockWaitMs,
    );
    return this.announce(works, placed, waitedMs);
  }

  private inTransaction(works: Works, attempt: Attempt, signal: AbortSignal): Promise<Placements> {
    const purchases = works.map((one) => one.work);
    // Whoever lost the locks must not commit on top of those who hold them now.
    return pipelined(this.orm, (em) => this.placement.placeAll(em, purchases, attempt), signal);
  }

  private announce(
    works: Works,
    { placements, tickets }: Placements,
    lockWaitMs: number,
  ): readonly Settled[] {
    this.inventory.publish(tickets);
    this.announceLate(works, placements);
    return placements.map((placement, index) =>
      settled(placement, (works[index]?.waitedMs ?? 0) + lockWaitMs),
    );
  }

  /** What an attempt committed that never got to announce it. */
  private announceLate(works: Works, placements: readonly Placement[]): void {
    const shows = works
      .filter(({ work }, index) => {
        const placement = placements[index];
        return placement?.kind === 'known' && placement.orderId === work.orderId;
      })
      .map(({ showId }) => showId);
    for (const showId of new Set(shows)) {
      this.inventory.publishShow(showId).catch((error: unknown) => {
        this.logger.error({ err: error, showId }, 'What a lost commit sold could not be announced');
      });
    }
  }
}

function isPayable({ placements }: Placements): boolean {
  return placements.some((one) => one.kind === 'placed' && one.placed.order.totalAmount > 0);
}

function ticketsOf(works: Works) {
  return works.flatMap(({ showId, work }) =>
    work.request.wanted.map(({ ticketId }) => ({ showId, ticketId })),
  );
}

function settled(placement: Placement, waitedMs: number): Settled {
  switch (placement.kind) {
    case 'refused':
      return { status: 'rejected', reason: placement.error };
    case 'known':
      return { status: 'fulfilled', value: { kind: 'known', orderId: placement.orderId } };
    case 'placed':
      return { status: 'fulfilled', value: { kind: 'placed', placed: placement.placed, waitedMs } };
  }
}
