import 'reflect-metadata';
import { EntityManager } from '@mikro-orm/postgresql';
import { createApp } from '../../src/app.js';
import { readEnvironment } from '../../src/env.js';
import {
  type CounterChange,
  InventoryCounters,
  type LockedTicket,
  type LockTimes,
  type TicketLocks,
} from '../../src/inventory/index.js';
import { createLogger } from '../../src/logging.js';
import { runUntilSignal } from '../../src/run-until-signal.js';
import type { Foundations } from '../../src/services.js';

/*
 * The server without the guards that GUARDS_REMOVED names, so that tests can show that they would see the race:
 * `locks`, `counters`, `row-order`, `order-row`, `transaction`, `lost-locks`. Nothing else differs from src/main.ts.
 */

type TicketRows = ReturnType<InventoryCounters['read']>;

/** Locks that lock nothing. */
class NoLocks implements TicketLocks {
  readonly healthy = true;

  hold<Result>(
    _tickets: readonly LockedTicket[],
    work: (signal: AbortSignal, times: LockTimes) => Promise<Result>,
  ): Promise<Result> {
    return work(new AbortController().signal, { waitedMs: 0, goOn: () => false });
  }

  async close(): Promise<void> {}
}

/** What one writes first: read the row, add in memory, write the sum. */
class AbsoluteCounters extends InventoryCounters {
  override lock(em: EntityManager, ticketIds: readonly number[]): TicketRows {
    return this.read(em, ticketIds);
  }

  override async change(em: EntityManager, changes: readonly CounterChange[]): TicketRows {
    const ticketIds = changes.map((change) => change.ticketId);
    const rows = new Map((await this.read(em, ticketIds)).map((row) => [row.id, row]));
    for (const { ticketId, held, sold } of changes) {
      const row = rows.get(ticketId);
      if (row === undefined) throw new Error(`There is no ticket ${ticketId}`);
      await em.execute('update ticket set held = ?, sold = ?, version = ? where id = ?', [
        row.held + held,
        row.sold + sold,
        row.version + 1,
        ticketId,
      ]);
    }
    return this.read(em, ticketIds);
  }
}

/** Counters that are moved in a transaction of their own, beside the one that makes the order. */
class CommittedCounters extends InventoryCounters {
  override lock(em: EntityManager, ticketIds: readonly number[]): TicketRows {
    return this.read(em, ticketIds);
  }

  override change(em: EntityManager, changes: readonly CounterChange[]): TicketRows {
    return super.change(em.fork(), changes);
  }
}

/** Locks rows in the order in which the buyer named them. */
class UnsortedCounters extends InventoryCounters {
  override async lock(em: EntityManager, ticketIds: readonly number[]): TicketRows {
    for (const ticketId of ticketIds) await super.lock(em, [ticketId]);
    return this.read(em, ticketIds);
  }
}

/** Orders are read as they are, without a lock on their rows. */
function lockNoOrders(): void {
  const locked = EntityManager.prototype.findOneOrFail as (...given: unknown[]) => Promise<unknown>;
  Object.assign(EntityManager.prototype, {
    findOneOrFail(this: EntityManager, entity: unknown, where: unknown, options: object = {}) {
      return locked.call(this, entity, where, { ...options, lockMode: undefined });
    },
  });
}

/** Whoever has lost its locks goes on as if it had them. */
function forgetLostLocks(): void {
  AbortSignal.prototype.throwIfAborted = () => undefined;
}

const removed = new Set((process.env.GUARDS_REMOVED ?? '').split(','));
if (removed.has('order-row')) lockNoOrders();
if (removed.has('lost-locks')) forgetLostLocks();
const replacements: Partial<Foundations> = {
  ...(removed.has('locks') && { locks: new NoLocks() }),
  ...(removed.has('counters') && { counters: new AbsoluteCounters() }),
  ...(removed.has('transaction') && { counters: new CommittedCounters() }),
  ...(removed.has('row-order') && { counters: new UnsortedCounters() }),
};

const environment = readEnvironment();
const logger = createLogger(environment.LOG_LEVEL);
const app = await createApp(environment, logger, replacements);
if (environment.WORKER) await app.services.worker.start();
await app.server.listen({ port: environment.PORT, host: environment.HOST });
runUntilSignal(logger, () => app.close());
