import pg from 'pg';
import { startPostgres } from '../../dev/postgres.js';
import { findRedisBinary, startRedis } from '../../dev/redis.js';

/**
 * A program that holds private servers until it is killed or interrupted: `node hold-servers.js <directory>`. It
 * prints one JSON line once they serve, and on SIGINT another one that says whether they still did.
 */
const [directory] = process.argv.slice(2);
if (directory === undefined) throw new Error('Name the directory of the servers.');

const postgres = await startPostgres({ dataDirectory: `${directory}/postgres`, durable: false });
const redis = findRedisBinary() ? await startRedis({ directory: `${directory}/redis` }) : undefined;

process.on('SIGINT', async () => {
  const client = new pg.Client({ connectionString: postgres.url('postgres') });
  await client.connect();
  const { rows } = await client.query('SELECT 1 AS one');
  await client.end();
  await redis?.stop();
  await postgres.stop();
  process.stdout.write(`${JSON.stringify({ answered: rows.length === 1 })}\n`, () => process.exit(0));
});

console.log(JSON.stringify({ pids: [postgres.pid, ...(redis ? [redis.pid] : [])] }));
