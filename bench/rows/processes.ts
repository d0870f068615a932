import { alternate, Buyers, countRefused, type Group, rates } from '../support/bench.js';
import { putOnSale } from '../support/catalogue.js';
import { bounded, compare } from '../support/row.js';
import type { Server } from '../support/server.js';
import type { Target } from '../support/work.js';

const BUYERS = 64;
const PROCESSES = 3;
const PLENTY = 1_000_000_000;
/** A share is one of so many seconds. */
const WINDOW_SECONDS = 5;

/** The same hot ticket, sold by several processes at once, which have to take turns. */
export const processes: Group = {
  name: 'processes',
  async run(bench) {
    const { stack } = bench;
    const seconds = bench.scale < 1 ? bench.seconds : Math.max(WINDOW_SECONDS, bench.seconds);
    await using database = await stack.createDatabase('processes');
    const targets = await putOnSale(database, { shows: 1, ticketsPerShow: [1], quantity: PLENTY });
    await using stacked = new AsyncDisposableStack();
    const servers: Server[] = [];
    for (let count = 0; count < PROCESSES; count += 1) {
      servers.push(stacked.use(await stack.startProduct(database)));
    }
    const buyers = new Buyers(bench);
    const buy = (among: readonly Server[]) => () =>
      buyers.buy({
        urls: among.map(({ url }) => url),
        connections: BUYERS,
        seconds,
        work: { kind: 'purchase', targets },
      });
    bench.progress('warming up each alone');
    // Of what several sell, each would get a third, and its compilers be so much further behind.
    for (const server of servers) await buy([server])();
    const { one, several } = await alternate(bench, { one: buy(servers.slice(0, 1)), several: buy(servers) });
    await buyers.sellOut(
      database,
      servers.map(({ url }) => url),
      targets[0] as Target,
    );
    await database.audit(buyers.toldSold);
    return [
      compare({
        work: `one hot ticket, ${BUYERS} buyers, ${PROCESSES} processes`,
        unit: 'sold/s',
        product: rates(several),
        reference: { name: 'one process', values: rates(one) },
        target: { atLeast: 0.75 },
        conditions: [{ text: '0 errors', met: countRefused(several) === 0 }],
      }),
      bounded({
        work: `the least that one of them sold in ${seconds} s, of an even share`,
        unit: 'of its share',
        values: several.map(({ rate, rates }) => (Math.min(...rates) * PROCESSES) / rate),
        target: { atLeast: 0.5 },
      }),
    ];
  },
};
