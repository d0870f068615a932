import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { type Account, createPublishedShow, type PublishedShow, signUp } from '../support/fixtures.js';
import { startTestRedis } from '../support/redis.js';
import { startServer, type TestServer } from '../support/server.js';
import { PATIENT } from './rush.js';

export type Guard = 'locks' | 'counters' | 'row-order' | 'order-row';

/** Two server processes without some of their guards, on a database without its constraint on the counters. */
export interface Unguarded {
  readonly database: TestDatabase;
  readonly servers: readonly TestServer[];
  /** Whose shows these are. */
  readonly seller: Account;
  sell(tickets: ReadonlyArray<{ readonly quantity: number }>): Promise<PublishedShow>;
  /** Unlike a World's, without an audit: here contradictions are what is looked for. */
  close(): Promise<void>;
}

/** Those that keep their locks need Redis to agree through. */
export async function startUnguarded(...removed: readonly Guard[]): Promise<Unguarded> {
  const stack = new AsyncDisposableStack();
  const database = await createTestDatabase();
  stack.defer(() => database.drop());
  await database.pool.query('alter table ticket drop constraint ticket_never_oversold');
  const redis = removed.includes('locks') ? undefined : await startTestRedis();
  stack.defer(() => redis?.stop());
  const start = () =>
    startServer({
      databaseUrl: database.url,
      redisUrl: redis?.url,
      entry: 'dist/test/support/unguarded-server.js',
      env: { ...PATIENT, GUARDS_REMOVED: removed.join(',') },
    });
  const servers = await Promise.all([start(), start()]);
  for (const server of servers) stack.defer(async () => void (await server.stop()));
  const server = servers[0]!;
  const seller = await signUp(server);
  return {
    database,
    servers,
    seller,
    sell: (tickets) => createPublishedShow(server, seller.token, { tickets }),
    close: () => stack.disposeAsync(),
  };
}
