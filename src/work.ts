import { createApp } from './app.js';
import { EnvironmentError, readEnvironment } from './env.js';
import { createLogger } from './logging.js';
import { runUntilSignal } from './run-until-signal.js';

/** The worker in a process of its own; its HTTP server is never opened. */
try {
  const environment = readEnvironment();
  const logger = createLogger(environment.LOG_LEVEL);
  const app = await createApp(environment, logger);
  await app.services.worker.start();
  logger.info('The worker is at work');
  runUntilSignal(logger, () => app.close());
} catch (error) {
  if (!(error instanceof EnvironmentError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
