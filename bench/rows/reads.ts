import { isDeepStrictEqual } from 'node:util';
import { signUp } from '../../dev/seller.js';
import { alternate, type Bench, Buyers, type Group, percentiles, rates } from '../support/bench.js';
import { callTo } from '../support/call.js';
import { putOnSale } from '../support/catalogue.js';
import { ONE_SHOW, SHOWS } from '../support/documents.js';
import type { LoadResult } from '../support/load.js';
import type { PgbenchResult } from '../support/pgbench.js';
import { bounded, compare, type Row } from '../support/row.js';
import type { Server } from '../support/server.js';
import type { Target, Work } from '../support/work.js';

const SHOWS_ON_SALE = 250;
const READERS = 32;
const VIEWERS = 8;
const PAGE = 20;
const ALIKE_WITHIN_MS = 10_000;
/** Of those on the page: so that what is read changes all the while. */
const PURCHASES_A_SECOND = 20;
const PLENTY = 100_000;

/** What people look at before they buy, while others buy. */
export const reads: Group = {
  name: 'reads',
  async run(bench) {
    const { stack, pgbench } = bench;
    await using database = await stack.createDatabase('reads');
    const catalogue = { shows: SHOWS_ON_SALE, ticketsPerShow: [3, 4, 3, 5], quantity: PLENTY };
    const onPage = (await putOnSale(database, catalogue)).filter(({ showId }) => showId <= PAGE);
    await using product = await stack.startProduct(database);
    await using mercurius = await stack.startReference('mercurius', database);
    await answerAlike(product, mercurius);
    const tokens = await signUpViewers(product);
    const buyers = new Buyers(bench);
    const reader = readWhileSelling(bench, buyers, product, onPage);
    const show: Work = { kind: 'show', showIds: [...new Set(onPage.map(({ showId }) => showId))] };
    const results = await alternate<string, LoadResult | PgbenchResult>(bench, {
      list: reader(product, { kind: 'shows' }),
      theirList: reader(mercurius, { kind: 'shows' }),
      show: reader(product, show),
      theirShow: reader(mercurius, show),
      own: reader(product, { kind: 'shows', tokens }),
      theirOwn: reader(mercurius, { kind: 'shows', tokens }),
      ...(pgbench && { pgbench: () => pgbench.run(database, 'shows', READERS, bench.seconds) }),
    });
    await database.audit(buyers.toldSold);
    await answerAlike(product, mercurius);
    return rowsOf(results as Record<string, LoadResult[]>);
  },
};

/** Whoever is read, the product sells: so both have the same tables to read, changing at the same rate. */
function readWhileSelling(bench: Bench, buyers: Buyers, product: Server, targets: readonly Target[]) {
  return (server: Server, work: Work) => async () => {
    const { seconds } = bench;
    const [result] = await Promise.all([
      bench.load.run({ urls: [server.url], connections: READERS, seconds, work }),
      buyers.buy({
        urls: [product.url],
        connections: 4,
        perSecond: PURCHASES_A_SECOND,
        work: { kind: 'purchase', targets },
      }),
    ]);
    return result;
  };
}

/**
 * Once nothing changes any more, the same question has the same answer.
 *
 * @throws when the product and its reference do not do the same work.
 */
async function answerAlike(product: Server, mercurius: Server): Promise<void> {
  const questions = [
    { query: SHOWS, variables: {} },
    { query: ONE_SHOW, variables: { id: '1' } },
  ];
  for (const { query, variables } of questions) {
    const ask = (server: Server) => callTo(server)<unknown>(query, variables);
    // The product may answer with what stood a second ago, and a busy machine may be late.
    const deadline = Date.now() + ALIKE_WITHIN_MS;
    for (;;) {
      const [ours, theirs] = [await ask(product), await ask(mercurius)];
      if (isDeepStrictEqual(ours, theirs)) break;
      if (Date.now() < deadline) continue;
      throw new Error(`Two answers to ${query}:\n${JSON.stringify(ours)}\n${JSON.stringify(theirs)}`);
    }
  }
}

async function signUpViewers(product: Server): Promise<string[]> {
  const viewers = Array.from({ length: VIEWERS }, (_, index) =>
    signUp(callTo(product), { email: `viewer-${index}@example.com`, password: 'correct horse battery' }),
  );
  return (await Promise.all(viewers)).map(({ accessToken }) => accessToken);
}

function rowsOf(results: Record<string, LoadResult[]>): Row[] {
  const { list = [], theirList = [], show = [], theirShow = [], own = [], theirOwn = [], pgbench } = results;
  const unit = 'answers/s';
  const name = 'Mercurius with JIT';
  const work = `shows(first: ${PAGE}) with tickets, ${READERS} connections, ${PURCHASES_A_SECOND} purchases/s`;
  return [
    compare({
      work,
      unit,
      product: rates(list),
      reference: { name, values: rates(theirList) },
      target: { atLeast: 3 },
    }),
    compare({
      work: 'one show with its tickets likewise',
      unit,
      product: rates(show),
      reference: { name, values: rates(theirShow) },
      target: { atLeast: 3 },
    }),
    compare({
      work: `the same list for ${VIEWERS} signed-in viewers`,
      unit,
      product: rates(own),
      reference: { name, values: rates(theirOwn) },
      target: { atLeast: 1 },
    }),
    compare({
      work: 'the list beside one JSON value from PostgreSQL',
      unit,
      product: rates(list),
      reference: { name: 'pgbench, one JSON read', values: pgbench && rates(pgbench) },
    }),
    bounded({ work: 'the list: p99', unit: 'ms', values: percentiles(list, 99) }),
  ];
}
