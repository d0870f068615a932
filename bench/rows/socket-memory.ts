import { alternate, type Group } from '../support/bench.js';
import { putOnSale } from '../support/catalogue.js';
import { compare } from '../support/row.js';
import type { Server } from '../support/server.js';
import { startSockets } from '../support/sockets.js';

const SUBSCRIBERS = 5_000;
/** Come and go before, so that code is compiled and pools are filled. */
const FIRST = 200;
/** Each round starts servers anew, since memory that was used once is not new a second time. */
const ROUNDS = 3;

interface Growth {
  readonly rss: number;
  readonly heap: number;
}

/** What one who only watches costs. */
export const socketMemory: Group = {
  name: 'socket-memory',
  async run(bench) {
    const { stack } = bench;
    await using database = await stack.createDatabase('socket_memory');
    const [target] = await putOnSale(database, { shows: 1, ticketsPerShow: [4], quantity: 1_000 });
    const count = Math.ceil(SUBSCRIBERS * bench.scale);
    const rounds = Math.min(ROUNDS, bench.rounds);
    const { ours, theirs } = await alternate(
      { ...bench, rounds },
      {
        ours: () => grow(() => stack.startProduct(database), count, target?.showId),
        theirs: () => grow(() => stack.startReference('broadcast', database), count),
      },
      { warmUp: false },
    );
    await database.audit(0);
    const name = 'ws server';
    const kilobytes = (values: readonly number[]) => values.map((bytes) => bytes / count / 1024);
    return [
      compare({
        work: `memory (RSS) for each of ${count} idle subscribers, after a collection`,
        unit: 'kB',
        product: kilobytes(ours.map(({ rss }) => rss)),
        reference: { name, values: kilobytes(theirs.map(({ rss }) => rss)) },
        target: { atMost: 1.5 },
      }),
      compare({
        work: 'of that in the JavaScript heap',
        unit: 'kB',
        product: kilobytes(ours.map(({ heap }) => heap)),
        reference: { name, values: kilobytes(theirs.map(({ heap }) => heap)) },
      }),
    ];
  },
};

async function grow(start: () => Promise<Server>, count: number, showId?: number): Promise<Growth> {
  await using server = await start();
  await using sockets = startSockets();
  const open = { kind: 'open', url: server.url, ...(showId !== undefined && { showId }) } as const;
  await sockets.run({ ...open, count: Math.min(FIRST, count) });
  await sockets.run({ kind: 'close' });
  const before = await server.readCollected();
  await sockets.run({ ...open, count });
  const after = await server.readCollected();
  return { rss: after.rssBytes - before.rssBytes, heap: after.heapBytes - before.heapBytes };
}
