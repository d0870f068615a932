import 'reflect-metadata';
import { createApp } from '../../src/app.js';
import { readEnvironment } from '../../src/env.js';
import { createLogger } from '../../src/logging.js';
import type { Placements, Purchase } from '../../src/orders/order-placement.js';
import type { ExecutedPurchase, PurchaseExecutor } from '../../src/orders/purchase-executor.js';
import { runUntilSignal } from '../../src/run-until-signal.js';
import type { Foundations } from '../../src/services.js';

/*
 * The product with one hold of the Redlock and one transaction for each purchase, as it was before the queue. Nothing
 * else differs from src/main.ts: the same locks, the same statements, the same events.
 */

const executePerPurchase: NonNullable<Foundations['createExecutor']> = (
  { orm, locks },
  placement,
  inventory,
): PurchaseExecutor => ({
  async execute(purchase: Purchase): Promise<ExecutedPurchase> {
    const { showId, wanted } = purchase.request;
    const tickets = wanted.map(({ ticketId }) => ({ showId, ticketId }));
    const { placements, ...more } = await locks.hold(tickets, async (signal, { waitedMs }) => {
      const placed: Placements = await orm.em.fork().transactional(async (em) => {
        const placed = await placement.placeAll(em, [purchase]);
        // Whoever lost the locks must not commit on top of those who hold them now.
        signal.throwIfAborted();
        return placed;
      });
      return { ...placed, waitedMs };
    });
    inventory.publish(more.tickets);
    const [outcome] = placements;
    if (outcome === undefined) throw new Error('A purchase was placed and came to nothing.');
    if (outcome.kind === 'refused') throw outcome.error;
    return outcome.kind === 'known' ? outcome : { ...outcome, waitedMs: more.waitedMs };
  },
});

const environment = readEnvironment();
const logger = createLogger(environment.LOG_LEVEL);
const app = await createApp(environment, logger, { createExecutor: executePerPurchase });
await app.server.listen({ port: environment.PORT, host: environment.HOST });
runUntilSignal(logger, () => app.close());
