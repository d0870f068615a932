import { alternate, Buyers, countRefused, type Group, rates } from '../support/bench.js';
import { putOnSale } from '../support/catalogue.js';
import type { LoadResult } from '../support/load.js';
import type { PgbenchResult } from '../support/pgbench.js';
import { compare } from '../support/row.js';
import type { Server } from '../support/server.js';
import type { Target } from '../support/work.js';

const BUYERS = 64;
const SHOWS = 200;
const KINDS = 5;
const PLENTY = 1_000_000_000;

/** Everyone wants something else: what the queue must not cost. */
export const spread: Group = {
  name: 'spread',
  async run(bench) {
    const { stack, pgbench } = bench;
    await using database = await stack.createDatabase('spread');
    const targets = await putOnSale(database, { shows: SHOWS, ticketsPerShow: [KINDS], quantity: PLENTY });
    await using bare = await stack.createDatabase('spread_bare');
    await pgbench?.prepare(bare);
    await using product = await stack.startProduct(database);
    await using locked = await stack.startReference('lock-per-purchase', database);
    const buyers = new Buyers(bench);
    const buy = (server: Server) => () =>
      buyers.buy({ urls: [server.url], connections: BUYERS, work: { kind: 'purchase', targets } });
    const results = (await alternate<string, LoadResult | PgbenchResult>(bench, {
      product: buy(product),
      ...(pgbench && { pgbench: () => pgbench.run(bare, 'spread', BUYERS, bench.seconds) }),
      locked: buy(locked),
    })) as Record<string, LoadResult[]>;
    await buyers.sellOut(database, [product.url], targets[0] as Target);
    await database.audit(buyers.toldSold);
    const { product: sold = [], locked: theirs = [] } = results;
    const sales = { unit: 'sold/s', product: rates(sold) };
    return [
      compare({
        ...sales,
        work: `${targets.length} tickets over ${SHOWS} shows, ${BUYERS} buyers`,
        reference: { name: 'a lock per purchase', values: rates(theirs) },
        target: { atLeast: 4 },
        conditions: [{ text: '0 errors', met: countRefused(sold) === 0 }],
      }),
      compare({
        ...sales,
        work: 'the same',
        reference: { name: 'pgbench, spread', values: results.pgbench && rates(results.pgbench) },
        target: { atLeast: 1 / 3 },
      }),
    ];
  },
};
