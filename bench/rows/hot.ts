import { alternate, Buyers, countRefused, type Group, percentiles, rates } from '../support/bench.js';
import { putOnSale } from '../support/catalogue.js';
import type { LoadResult } from '../support/load.js';
import type { PgbenchResult } from '../support/pgbench.js';
import { compare, type Row } from '../support/row.js';
import type { Server } from '../support/server.js';
import type { Target } from '../support/work.js';

const BUYERS = 64;
const CROWD = 256;
const PLENTY = 1_000_000_000;

/** Everyone wants the same ticket, which is free. */
export const hot: Group = {
  name: 'hot',
  async run(bench) {
    const { stack, pgbench } = bench;
    await using database = await stack.createDatabase('hot');
    const tickets = await putOnSale(database, { shows: 2, ticketsPerShow: [1], quantity: PLENTY });
    const [ours, theirs] = tickets as [Target, Target];
    await using bare = await stack.createDatabase('hot_bare');
    await pgbench?.prepare(bare);
    await using product = await stack.startProduct(database);
    await using locked = await stack.startReference('lock-per-purchase', database);
    await using noOp = await stack.startReference('no-op', database);
    const buyers = new Buyers(bench);
    const buy = (server: Server, ticket: Target, connections: number) => () =>
      buyers.buy({ urls: [server.url], connections, work: { kind: 'purchase', targets: [ticket] } });
    const doNothing = () =>
      bench.load.run({
        urls: [noOp.url],
        connections: BUYERS,
        seconds: bench.seconds,
        work: { kind: 'purchase', targets: [ours] },
      });
    const results = await alternate<string, LoadResult | PgbenchResult>(bench, {
      product: buy(product, ours, BUYERS),
      ...(pgbench && { pgbench: () => pgbench.run(bare, 'hot', BUYERS, bench.seconds) }),
      locked: buy(locked, theirs, BUYERS),
      noOp: doNothing,
      crowd: buy(product, ours, CROWD),
    });
    await buyers.sellOut(database, [product.url], ours);
    await database.audit(buyers.toldSold);
    return rowsOf(results as Record<string, LoadResult[]>);
  },
};

function rowsOf({
  product = [],
  pgbench,
  locked = [],
  noOp = [],
  crowd = [],
}: Record<string, LoadResult[]>): Row[] {
  const sales = { unit: 'sold/s', product: rates(product) };
  const noErrors = (results: readonly LoadResult[]) => ({
    text: '0 errors',
    met: countRefused(results) === 0,
  });
  return [
    compare({
      ...sales,
      work: `one hot ticket, ${BUYERS} buyers`,
      reference: { name: 'pgbench, hot row', values: pgbench && rates(pgbench) },
      target: { atLeast: 3 },
    }),
    compare({
      ...sales,
      work: 'the same',
      reference: { name: 'a lock per purchase', values: rates(locked) },
      target: { atLeast: 12 },
      ...(countRefused(locked) > 0 && { note: `${countRefused(locked)} purchases of the reference refused` }),
    }),
    compare({
      ...sales,
      work: 'the same',
      reference: { name: 'GraphQL no-op', values: rates(noOp) },
      target: { atLeast: 0.4 },
    }),
    compare({
      work: 'its p99 by its p50',
      unit: 'ms',
      product: percentiles(product, 99),
      reference: { name: 'its own p50', values: percentiles(product, 50) },
      target: { atMost: 10 },
      conditions: [noErrors(product)],
    }),
    compare({
      work: `the same, ${CROWD} buyers`,
      unit: 'sold/s',
      product: rates(crowd),
      reference: { name: `${BUYERS} buyers`, values: rates(product) },
      target: { atLeast: 0.9 },
      conditions: [noErrors(crowd)],
    }),
  ];
}
