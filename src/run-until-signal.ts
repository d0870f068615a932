import type { Logger } from './logging.js';

/** What is not finished by then is given up; in milliseconds after draining began in earnest. */
const LONGEST_DRAIN_MS = 30_000;

/**
 * Keeps the process going until it is told to end, then lets it finish what it does.
 *
 * @param drainDelayMs for how long `close` goes on as before
 */
export function runUntilSignal(logger: Logger, close: () => Promise<void>, drainDelayMs = 0): void {
  let closing = false;
  const end = async (signal: string) => {
    if (closing) return;
    closing = true;
    logger.info({ signal }, 'Draining');
    const deadline = setTimeout(() => {
      logger.fatal('Draining took too long; what was left is given up');
      process.exit(1);
    }, drainDelayMs + LONGEST_DRAIN_MS);
    deadline.unref();
    try {
      await close();
      logger.info('Drained');
      process.exitCode = 0;
    } catch (error) {
      logger.fatal({ err: error }, 'Draining failed');
      process.exitCode = 1;
    }
    clearTimeout(deadline);
  };
  // The job queue's library leaves it unhandled when it cannot note that a job is done, as while PostgreSQL
  // restarts. To die of that would take the purchases in flight along; nothing lives in memory alone.
  process.on('unhandledRejection', (error) => logger.error({ err: error }, 'A failure was left unhandled'));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void end(signal));
}
