import { Buyers, type Group } from '../support/bench.js';
import { putOnSale } from '../support/catalogue.js';
import { Latencies } from '../support/latencies.js';
import type { LoadResult } from '../support/load.js';
import { bounded, compare } from '../support/row.js';
import { startSockets } from '../support/sockets.js';
import type { Target } from '../support/work.js';

const JOINING = 10_000;
const CLIENTS = 2;
const PURCHASES_A_SECOND = 100;
const BUYERS = 16;
const ROUNDS = 3;
const QUANTITY = 1_000_000;

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
    const each = Math.ceil((JOINING * bench.scale) / CLIENTS);
    const rounds = {
      stall: [] as number[],
      seconds: [] as number[],
      before: [] as number[],
      during: [] as number[],
    };
    const retries: number[] = [];
    await sell(bench.seconds);
    for (let round = 1; round <= Math.min(ROUNDS, bench.rounds); round += 1) {
      bench.progress(`round ${round}`);
      rounds.before.push(p99([await sell(bench.seconds)]));
      await using first = startSockets();
      await using second = startSockets();
      await product.watch();
      const started = performance.now();
      let joined = false;
      const ended = () => {
        joined = true;
      };
      const joining = Promise.all(
        [first, second].map((clients) =>
          clients.run({ kind: 'open', url: product.url, count: each, showId: target.showId }),
        ),
      );
      void joining.then(ended, ended);
      const sales: LoadResult[] = [];
      while (!joined) sales.push(await sell(0.5));
      const results = await joining;
      retries.push(results.reduce((sum, result) => sum + result.retries, 0));
      rounds.seconds.push((performance.now() - started) / 1_000);
      rounds.stall.push((await product.read()).longestStallMs);
      rounds.during.push(p99(sales));
      await Promise.all([first, second].map((clients) => clients.run({ kind: 'close' })));
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
        work: `p99 of ${PURCHASES_A_SECOND} purchases/s meanwhile`,
        unit: 'ms',
        product: rounds.during,
        reference: { name: 'before', values: rounds.before },
      }),
      bounded({ work: 'until all have seen the show', unit: 's', values: rounds.seconds }),
      bounded({ work: 'connections that had to be tried again', unit: '', values: retries }),
    ];
  },
};

function p99(results: readonly LoadResult[]): number {
  return Latencies.of(...results.map(({ latencies }) => latencies)).percentile(99);
}
