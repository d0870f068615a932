import type { Random } from '../../../bench/onsale/random.js';
import { type Account, purchase, signUp } from '../../support/fixtures.js';
import type { Variables } from '../../support/graphql-client.js';
import { operate } from '../../support/operate.js';
import type { OperationName } from '../../support/operations.js';
import { traces } from '../../support/row-counts.js';
import type { Attack } from '../attack.js';

const REFUSED = new Set(['FORBIDDEN', 'NOT_FOUND', 'UNAUTHENTICATED']);
const URLS = { returnUrl: 'https://shop.example/', refreshUrl: 'https://shop.example/' };

const attack: Attack = {
  name: "what is another's, changed by their ids",
  times: { quick: 500, full: 5_000 },
  async run({ world, attempt, judge, note }) {
    const victim = await world.sell({ tickets: [{ quantity: 100 }, { price: 500, quantity: 100 }] });
    const buyer = await signUp(world.server);
    const items = [{ ticketId: victim.show.tickets[0]!.id, quantity: 1 }];
    const { order } = await purchase(world.server, { showId: victim.show.id, items }, { token: buyer.token });
    const draft = await operate(
      world.server,
      'Mutation.createShow',
      {
        input: {
          producerId: victim.show.producerId,
          title: 'Secret',
          timeZone: 'UTC',
          startsAt: '2090-01-01T00:00:00Z',
        },
      },
      victim.seller.token,
    );
    const ids = {
      producerId: victim.show.producerId,
      showIds: [victim.show.id, (draft.data!.createShow as { id: string }).id],
      ticketIds: victim.show.tickets.map(({ id }) => id),
      orderId: order.id,
    };
    const intruders: Array<Account | undefined> = [
      undefined,
      await signUp(world.server),
      (await world.sell({ tickets: [{}] })).seller,
    ];
    const before = JSON.stringify(await traces(world));
    await attempt(async (random) => {
      const [name, variables] = tried(random, ids);
      const intruder = pick(random, intruders);
      const { data, errors } = await operate(world.server, name, variables, intruder?.token);
      const text = JSON.stringify({ data, errors });
      judge({ text });
      const code = String(errors[0]?.extensions?.code);
      note(code);
      if (!REFUSED.has(code))
        throw new Error(`${name} ${JSON.stringify(variables)} was answered with ${text}`);
      if (text.includes('Secret')) throw new Error(`${name} tells of a draft: ${text}`);
    });
    const after = JSON.stringify(await traces(world));
    if (before !== after) throw new Error(`Something was changed: ${before} ${after}`);
    return 'nothing changed';
  },
};
export default attack;

interface Ids {
  readonly producerId: string;
  readonly showIds: readonly string[];
  readonly ticketIds: readonly string[];
  readonly orderId: string;
}

function tried(random: Random, { producerId, showIds, ticketIds, orderId }: Ids): [OperationName, Variables] {
  const showId = pick(random, showIds);
  const id = pick(random, ticketIds);
  const show = { producerId, title: 'Mine', timeZone: 'UTC', startsAt: '2090-01-01T00:00:00Z' };
  return pick<[OperationName, Variables]>(random, [
    ['Mutation.connectStripeAccount', { producerId, ...URLS }],
    ['Mutation.createShow', { input: show }],
    ['Mutation.publishShow', { id: showId }],
    ['Mutation.cancelShow', { id: showId, reason: 'Mine now' }],
    ['Mutation.createTicket', { showId, input: { name: 'Mine', price: 0, quantity: 9 } }],
    ['Mutation.updateTicket', { id, input: { price: Math.floor(random.between(0, 9)), quantity: 0 } }],
    ['Mutation.refundOrder', { input: { orderId, reason: 'OTHER', restock: true } }],
    ['Mutation.cancelOrder', { id: orderId }],
    ['Mutation.createCheckout', { orderId }],
    ['Mutation.setPlatformFee', { producerId, percent: 0 }],
    ['Mutation.eraseBuyer', { email: 'somebody@example.com' }],
    ['Mutation.replayFailedWebhookEvents', {}],
    ['Query.exportBuyer', { email: 'somebody@example.com' }],
    ['Query.auditLog', { producerId }],
    ['Query.webhookEvents', {}],
    ['Query.inventoryAudit', {}],
    ['Subscription.orderUpdated', { id: orderId }],
  ]);
}

function pick<Item>(random: Random, items: readonly Item[]): Item {
  return items[Math.floor(random.between(0, items.length))] as Item;
}
