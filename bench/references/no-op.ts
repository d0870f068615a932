import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { createApp } from '../../src/app.js';
import { readEnvironment } from '../../src/env.js';
import { createLogger } from '../../src/logging.js';
import { OrderStatus } from '../../src/orders/entities.js';
import { runUntilSignal } from '../../src/run-until-signal.js';

/*
 * The product with a `purchaseTickets` that does nothing below its resolver: the same document and variables come in
 * through the same server, schema and context, an answer of the same shape and size goes out. What it serves is what
 * a purchase could at most reach.
 */

const environment = readEnvironment();
const logger = createLogger(environment.LOG_LEVEL);
const app = await createApp(environment, logger);
app.services.purchases.purchase = async () => {
  const order = { id: randomUUID(), reference: 'N00PN00P', status: OrderStatus.CONFIRMED };
  return { order, checkoutUrl: null, accessToken: 'x'.repeat(43) } as Awaited<
    ReturnType<typeof app.services.purchases.purchase>
  >;
};
await app.server.listen({ port: environment.PORT, host: environment.HOST });
runUntilSignal(logger, () => app.close());
