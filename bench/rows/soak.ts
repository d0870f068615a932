import { Buyers, type Group } from '../support/bench.js';
import { putOnSale } from '../support/catalogue.js';
import type { Reading } from '../support/probe.js';
import { compare } from '../support/row.js';
import type { Server } from '../support/server.js';
import { startSockets } from '../support/sockets.js';
import type { Work } from '../support/work.js';

const SHOWS = 10_000;
const READERS = 8;
const BUYERS = 8;
const PURCHASES_A_SECOND = 50;
/** Come and go in every cycle. */
const WATCHERS = 200;
const CYCLE_SECONDS = 10;
/** Of the whole: until caches are full. */
const WARM_UP = 0.2;
const WHOLE_MINUTES = 60;
/** Before that, what grows is caches that are not full yet. */
const JUDGED_FROM_MINUTES = 10;
const PLENTY = 1_000_000;

/** A process that serves for long: what it needs must not grow. */
export const soak: Group = {
  name: 'soak',
  async run(bench) {
    const { stack, soakMinutes } = bench;
    await using database = await stack.createDatabase('soak');
    const shows = Math.ceil(SHOWS * bench.scale);
    const targets = await putOnSale(database, { shows, ticketsPerShow: [3, 4, 5], quantity: PLENTY });
    await using product = await stack.startProduct(database);
    const buyers = new Buyers(bench);
    const urls = [product.url];
    const seconds = Math.min(CYCLE_SECONDS, (soakMinutes * 60) / 4);
    const showIds = [...new Set(targets.map(({ showId }) => showId))];
    const cycle = async () => {
      const read = (work: Work) => bench.load.run({ urls, connections: READERS, seconds, work });
      await Promise.all([
        read({ kind: 'shows' }),
        read({ kind: 'show', showIds }),
        buyers.buy({
          urls,
          connections: BUYERS,
          perSecond: PURCHASES_A_SECOND,
          seconds,
          work: { kind: 'purchase', targets },
        }),
        comeAndGo(product, showIds),
      ]);
      return await product.readCollected();
    };
    const [warm, end] = await repeat(cycle, soakMinutes, bench.progress);
    await database.audit(buyers.toldSold);
    const minutes = Math.round(soakMinutes * 100) / 100;
    const work = `${shows} shows, ${minutes} min of reads, purchases and subscribers`;
    const judged = {
      ...(minutes >= JUDGED_FROM_MINUTES && { target: { atMost: 1.1 } }),
      ...(minutes < WHOLE_MINUTES && { note: 'short: an hour is what counts' }),
    };
    const reference = (pick: (reading: Reading) => number) => ({
      name: 'after warm-up',
      values: [megabytes(pick(warm))],
    });
    return [
      compare({
        work: `${work}: RSS`,
        unit: 'MB',
        product: [megabytes(end.rssBytes)],
        reference: reference(({ rssBytes }) => rssBytes),
        ...judged,
      }),
      compare({
        work: 'the same: JavaScript heap after a collection',
        unit: 'MB',
        product: [megabytes(end.heapBytes)],
        reference: reference(({ heapBytes }) => heapBytes),
        ...judged,
      }),
    ];
  },
};

/** @returns the readings after the warm-up and at the end */
async function repeat(
  cycle: () => Promise<Reading>,
  minutes: number,
  progress: (text: string) => void,
): Promise<[warm: Reading, end: Reading]> {
  const started = performance.now();
  const elapsed = () => (performance.now() - started) / 60_000;
  let warm: Reading | undefined;
  let end = await cycle();
  while (elapsed() < minutes || warm === undefined) {
    if (warm === undefined && elapsed() >= minutes * WARM_UP) warm = end;
    end = await cycle();
    const { rssBytes, heapBytes } = end;
    progress(
      `${elapsed().toFixed(1)} min: RSS ${megabytes(rssBytes).toFixed(0)} MB, heap ${megabytes(heapBytes).toFixed(1)} MB`,
    );
  }
  return [warm, end];
}

async function comeAndGo(product: Server, showIds: readonly number[]): Promise<void> {
  await using sockets = startSockets();
  const showId = showIds[Math.floor(Math.random() * showIds.length)] as number;
  await sockets.run({ kind: 'open', url: product.url, count: WATCHERS, showId });
  await sockets.run({ kind: 'close' });
}

function megabytes(bytes: number): number {
  return bytes / 2 ** 20;
}
