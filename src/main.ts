import { createApp } from './app.js';
import { EnvironmentError, readEnvironment } from './env.js';
import { createLogger } from './logging.js';
import { runUntilSignal } from './run-until-signal.js';

/**
 * Connections that wait to be taken in, as far as the system allows (net.core.somaxconn). What does not fit is
 * asked for again by the client's system after 1, 3, 7 and 15 s.
 */
const BACKLOG = 4_096;

try {
  const environment = readEnvironment();
  const logger = createLogger(environment.LOG_LEVEL);
  const app = await createApp(environment, logger);
  if (environment.WORKER) await app.services.worker.start();
  await app.server.listen({ port: environment.PORT, host: environment.HOST, backlog: BACKLOG });
  logger.info({ url: environment.PUBLIC_URL, worker: environment.WORKER }, 'Boxoffice is open');
  runUntilSignal(logger, () => app.close(), environment.DRAIN_DELAY_MS);
} catch (error) {
  if (!(error instanceof EnvironmentError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
