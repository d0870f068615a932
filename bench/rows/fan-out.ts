import { alternate, type Group } from '../support/bench.js';
import { putOnSale } from '../support/catalogue.js';
import { Latencies } from '../support/latencies.js';
import { bounded, compare } from '../support/row.js';
import type { Server } from '../support/server.js';
import { type ChangedBy, type SocketResult, startSockets } from '../support/sockets.js';
import type { Target } from '../support/work.js';

const SUBSCRIBERS = 2_000;
const CHANGES_A_SECOND = 20;
const LEAST_SECONDS = 5;
const QUANTITY = 1_000_000;
/** The one that bench/references/broadcast.ts listens to. */
const CHANNEL = 'bench:broadcast';

interface Told extends SocketResult {
  readonly perCpuSecond: number;
}

/** One show, watched by many while it sells. */
export const fanOut: Group = {
  name: 'fan-out',
  async run(bench) {
    const { stack } = bench;
    await using database = await stack.createDatabase('fan_out');
    const catalogue = { shows: 1, ticketsPerShow: [1], quantity: QUANTITY };
    const [target] = (await putOnSale(database, catalogue)) as [Target];
    await using product = await stack.startProduct(database);
    // Sells, so that the processor time of the measured one is that of telling subscribers; the reference does not sell.
    await using seller = await stack.startProduct(database);
    await using broadcast = await stack.startReference('broadcast', database);
    await using ours = startSockets();
    await using theirs = startSockets();
    const subscribers = Math.ceil(SUBSCRIBERS * bench.scale);
    await ours.run({ kind: 'open', url: product.url, count: subscribers, showId: target.showId });
    await theirs.run({ kind: 'open', url: broadcast.url, count: subscribers });
    const seconds = bench.scale < 1 ? bench.seconds : Math.max(LEAST_SECONDS, bench.seconds);
    const count = Math.ceil(CHANGES_A_SECOND * seconds);
    const change = (by: ChangedBy) => ({ kind: 'change', by, count, perSecond: CHANGES_A_SECOND }) as const;
    let left = QUANTITY;
    let frame = '';
    const { told, broadcasted } = await alternate(bench, {
      told: async () => {
        const sale = change({ from: left, purchaseAt: seller.url, target });
        const result = await perCpuSecond(product, () => ours.run(sale));
        frame = result.message;
        left -= count;
        return result;
      },
      broadcasted: () => {
        // The numbers that the product has just told its own, in the same frame.
        const by = { from: left + count, redisUrl: stack.redis.url, channel: CHANNEL, text: frame };
        return perCpuSecond(broadcast, () => theirs.run(change(by)));
      },
    });
    await database.audit(QUANTITY - left);
    return [
      compare({
        work: `${subscribers} subscribers, ${CHANGES_A_SECOND} changes/s: deliveries`,
        unit: 'per CPU second',
        product: told.map((round) => round.perCpuSecond),
        reference: {
          name: `ws broadcast of ${frame.length} bytes`,
          values: broadcasted.map((round) => round.perCpuSecond),
        },
        target: { atLeast: 0.6 },
      }),
      bounded({
        work: 'from sending a purchase to the message that shows it, p99 of all subscribers',
        unit: 'ms',
        values: told.map(p99),
        target: { atMost: 150 },
      }),
      bounded({
        work: 'the same by ws broadcast, from publishing',
        unit: 'ms',
        values: broadcasted.map(p99),
      }),
    ];
  },
};

/** Messages for each second of processor time that the server took meanwhile. */
async function perCpuSecond(server: Server, work: () => Promise<SocketResult>): Promise<Told> {
  const before = await server.read();
  const result = await work();
  const after = await server.read();
  return { ...result, perCpuSecond: result.deliveries / (after.cpuSeconds - before.cpuSeconds) };
}

function p99({ latencies }: SocketResult): number {
  return Latencies.of(latencies).percentile(99);
}
