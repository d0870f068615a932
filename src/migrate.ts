import { migrate } from './database/index.js';
import { readDatabaseUrl } from './env.js';
import { createLogger } from './logging.js';

const logger = createLogger('info');
try {
  const applied = await migrate(readDatabaseUrl());
  logger.info({ applied }, 'The database schema is up to date');
} catch (error) {
  logger.fatal({ err: error }, 'Migration failed');
  process.exitCode = 1;
}
