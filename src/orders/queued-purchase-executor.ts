import type { Orm } from '../database/index.js';
import { isAppError } from '../errors.js';
import {
  type InventoryStream,
  type LockTimes,
  type PurchaseBatch,
  PurchaseQueue,
  type TicketLocks,
  type Turn,
} from '../inventory/index.js';
import type { Logger } from '../logging.js';
import type { Metrics } from '../metrics.js';
import type { OrderPlacement, Placement, Placements, Purchase } from './order-placement.js';
import type { ExecutedPurchase, PurchaseExecutor } from './purchase-executor.js';

type Batch = PurchaseBatch<Purchase, ExecutedPurchase>;
type Works = Batch['works'];
type Settled = PromiseSettledResult<ExecutedPurchase>;

/** One batch on its way through the database. */
interface Transaction {
  readonly batch: Batch;
  /** For the locks, in milliseconds. */
  readonly waitedMs: number;
  /** Resolves before the commit, with whether another batch may follow under the same hold. */
  readonly placed: Promise<boolean>;
  readonly committed: Promise<Placements>;
}

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

  /**
   * Under one hold of the locks, batch after batch for as long as that is fair to other processes. Each begins
   * while the one before it commits: what both want makes it wait in the database, not for us.
   */
  private async serveShow(turn: Turn<Purchase, ExecutedPurchase>): Promise<void> {
    const tickets = ticketsOf(turn.batch.works);
    const held = new Set(tickets.map(({ ticketId }) => ticketId));
    const isCovered = ({ request }: Purchase) => request.wanted.every(({ ticketId }) => held.has(ticketId));
    const open: Transaction[] = [];
    const serveAll = async (signal: AbortSignal, times: LockTimes) => {
      let waitedMs = times.waitedMs;
      for (let batch: Batch | undefined = turn.batch; batch !== undefined; waitedMs = 0) {
        const transaction = this.begin(batch, signal, waitedMs);
        open.push(transaction);
        const mayFollow = await transaction.placed;
        if (open.length > 1) await this.answer(open[0] as Transaction).then(() => open.shift(), ignore);
        batch = open.length === 1 && mayFollow && times.goOn() ? turn.next(isCovered) : undefined;
      }
      await Promise.allSettled(open.map((transaction) => transaction.committed));
    };
    try {
      await this.locks.hold(tickets, serveAll);
    } catch (reason) {
      turn.batch.settle(await this.oneByOne(turn.batch.works, reason));
    }
    for (const transaction of open) {
      const { batch } = transaction;
      await this.answer(transaction).catch(async (reason) =>
        batch.settle(await this.oneByOne(batch.works, reason)),
      );
    }
  }

  private async serveShows(works: Works, shows: readonly Works[]): Promise<readonly Settled[]> {
    try {
      return await this.together(works, 0);
    } catch {
      // Whatever it was, a lock held elsewhere or a statement that failed, each show now goes its own way.
      const parts = shows.map(async (show) => {
        const settled = await this.together(show).catch((reason) => this.oneByOne(show, reason));
        return show.map((one, index) => [one, settled[index] as Settled] as const);
      });
      const results = new Map((await Promise.all(parts)).flat());
      return works.map((one) => results.get(one) as Settled);
    }
  }

  /** One of many must not fail the others: what it was is found out by each going alone. */
  private async oneByOne(works: Works, reason: unknown): Promise<readonly Settled[]> {
    if (works.length === 1 || isAppError(reason, 'INVENTORY_BUSY')) {
      return works.map(() => ({ status: 'rejected', reason }));
    }
    this.logger.warn({ err: reason, purchases: works.length }, 'A batch failed; its purchases go one by one');
    const results: Settled[] = [];
    for (const one of works) {
      results.push(...(await this.together([one]).catch((own) => this.oneByOne([one], own))));
    }
    return results;
  }

  private async together(works: Works, lockWaitMs?: number): Promise<readonly Settled[]> {
    const { placed, waitedMs } = await this.locks.hold(
      ticketsOf(works),
      async (signal, times) => ({
        placed: await this.inTransaction(works, signal, ignore),
        waitedMs: times.waitedMs,
      }),
      lockWaitMs,
    );
    return this.announce(works, placed, waitedMs);
  }

  private begin(batch: Batch, signal: AbortSignal, waitedMs: number): Transaction {
    const { promise: placed, resolve } = Promise.withResolvers<boolean>();
    // Stripe is not asked while locks are held: whoever has to pay is answered after the release.
    const committed = this.inTransaction(batch.works, signal, (placements) =>
      resolve(!isPayable(placements)),
    );
    committed.catch(() => resolve(false));
    return { batch, waitedMs, placed, committed };
  }

  private inTransaction(
    works: Works,
    signal: AbortSignal,
    onPlaced: (placements: Placements) => void,
  ): Promise<Placements> {
    const purchases = works.map((one) => one.work);
    return this.orm.em.transactional(async (em) => {
      const placements = await this.placement.placeAll(em, purchases);
      // Whoever lost the locks must not commit on top of those who hold them now.
      signal.throwIfAborted();
      onPlaced(placements);
      return placements;
    });
  }

  /** @throws what made the transaction fail */
  private async answer({ batch, committed, waitedMs }: Transaction): Promise<void> {
    batch.settle(this.announce(batch.works, await committed, waitedMs));
  }

  private announce(
    works: Works,
    { placements, tickets }: Placements,
    lockWaitMs: number,
  ): readonly Settled[] {
    this.inventory.publish(tickets);
    return placements.map((placement, index) =>
      settled(placement, (works[index]?.waitedMs ?? 0) + lockWaitMs),
    );
  }
}

function ignore(): void {}

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
