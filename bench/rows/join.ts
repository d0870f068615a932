import { setTimeout as delay } from 'node:timers/promises';
import { Buyers, type Group } from '../support/bench.js';
import { putOnSale } from '../support/catalogue.js';
import { Latencies } from '../support/latencies.js';
import type { LoadResult } from '../support/load.js';
import type { Reading } from '../support/probe.js';
import { bounded, compare } from '../support/row.js';
import { startSockets } from '../support/sockets.js';
import type { Target } from '../support/work.js';

const JOINING = 10_000;
const CLIENTS = 2;
const PURCHASES_A_SECOND = 100;
const BUYERS = 16;
/** From just before they come: about as long as it may take. */
const SALE_SECONDS = 6;
const CONNECTED_MS = 300;
const ROUNDS = 3;
const QUANTITY = 1_000_000;

type Measured = 'stall' | 'seconds' | 'before' | 'beforeInside' | 'during' | 'duringInside' | 'retries';

/** Thousands open the page of a show at the same moment, while it sells. */
export const join: Group = {
  name: 'join',
  async run(bench) {
    const { stack } = bench;
    await using database = await stack.createDatabase('join_at_once');
    const catalogue = { shows: 1, ticketsPerShow: [4], quantity: QUANTITY };
    const [target] = (await putOnSale(database, catalogue)) as [Target];
    await using product = await stack.startProduct(database);
    const buyers = new Buyers(bench);
    const sell = (seconds: number) =>
      buyers.buy({
        urls: [product.url],
        connections: BUYERS,
        perSecond: PURCHASES_A_SECOND,
        seconds,
        work: { kind: 'purchase', targets: [target] },
      });
    const seconds = bench.scale < 1 ? bench.seconds : SALE_SECONDS;
    const each = Math.ceil((JOINING * bench.scale) / CLIENTS);
    const rounds: Record<Measured, number[]> = {
      stall: [],
      seconds: [],
      before: [],
      beforeInside: [],
      during: [],
      duringInside: [],
      retries: [],
    };
    await sell(bench.seconds);
    for (let round = 1; round <= Math.min(ROUNDS, bench.rounds); round += 1) {
      bench.progress(`round ${round}`);
      await product.watch();
      rounds.before.push(p99(await sell(bench.seconds)));
      rounds.beforeInside.push(p99Inside(await product.read()));
      await using first = startSockets();
      await using second = startSockets();
      await product.watch();
      const come = async () => {
        // The buyers are connected before the crowd comes: it is their purchases that are looked at.
        await delay(CONNECTED_MS);
        const started = performance.now();
        const open = { kind: 'open', url: product.url, count: each, showId: target.showId } as const;
        const opened = await Promise.all([first.run(open), second.run(open)]);
        rounds.seconds.push((performance.now() - started) / 1_000);
        rounds.stall.push((await product.read()).longestStallMs);
        rounds.retries.push(opened.reduce((sum, { retries }) => sum + retries, 0));
      };
      const [sale] = await Promise.all([sell(seconds), come()]);
      rounds.during.push(p99(sale));
      rounds.duringInside.push(p99Inside(await product.read()));
      await Promise.all([first.run({ kind: 'close' }), second.run({ kind: 'close' })]);
    }
    await database.audit(buyers.toldSold);
    const all = CLIENTS * each;
    return [
      bounded({
        work: `${all} subscribers join at once: the event loop's longest stall`,
        unit: 'ms',
        values: rounds.stall,
        target: { atMost: 100 },
      }),
      compare({
        work: `p99 of ${PURCHASES_A_SECOND} purchases/s in ${seconds} s meanwhile`,
        unit: 'ms',
        product: rounds.during,
        reference: { name: 'before', values: rounds.before },
      }),
      compare({
        work: 'the same inside the server, from reading a purchase to its answer',
        unit: 'ms',
        product: rounds.duringInside,
        reference: { name: 'before', values: rounds.beforeInside },
      }),
      bounded({ work: 'until all have seen the show', unit: 's', values: rounds.seconds }),
      bounded({ work: 'connections that had to be tried again', unit: '', values: rounds.retries }),
    ];
  },
};

/** All HTTP requests are purchases here. What is longer outside is the load's own lateness, which shares the processors. */
function p99Inside({ requests }: Reading): number {
  return Latencies.of(...Object.values(requests)).percentile(99);
}

function p99({ latencies }: LoadResult): number {
  return Latencies.of(latencies).percentile(99);
}
