import type { Random } from '../../../bench/onsale/random.js';
import { type Purchase, purchase } from '../../support/fixtures.js';
import { operate } from '../../support/operate.js';
import type { Attack } from '../attack.js';

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const OPERATIONS = ['Query.order', 'Mutation.cancelOrder', 'Mutation.createCheckout'] as const;

const attack: Attack = {
  name: 'access tokens of an order guessed, and those of others tried',
  times: { quick: 1_000, full: 10_000 },
  async run({ world, attempt, judge, note }) {
    const { show } = await world.sell({ tickets: [{ quantity: 100 }] });
    const cart = { showId: show.id, items: [{ ticketId: show.tickets[0]!.id, quantity: 1 }] };
    const [own, others] = [await purchase(world.server, cart), await purchase(world.server, cart)];
    await attempt(async (random) => {
      const name = OPERATIONS[Math.floor(random.between(0, OPERATIONS.length))]!;
      const { id } = others.order;
      const accessToken = guess(random, own, others);
      const variables =
        name === 'Mutation.createCheckout' ? { orderId: id, accessToken } : { id, accessToken };
      const { data, errors } = await operate(world.server, name, variables);
      judge({ text: JSON.stringify({ data, errors }) });
      note(String(errors[0]?.extensions?.code ?? 'null'));
      const answered = Object.values(data ?? {}).some((value) => value !== null);
      if (answered) throw new Error(`${name} took ${JSON.stringify(accessToken)} for the token`);
    });
    const { data } = await operate(world.server, 'Query.order', {
      id: others.order.id,
      accessToken: others.accessToken,
    });
    if (data?.order === null) throw new Error('The right token opens nothing');
  },
};
export default attack;

/** Near the right one, the right one of another order, or anything. */
function guess(random: Random, own: Purchase, { order, accessToken }: Purchase): string {
  const at = Math.floor(random.between(0, accessToken.length));
  const other = BASE64URL[Math.floor(random.between(0, 64))]!;
  // The last character of a token has bits that say nothing; the token is text all the same.
  const changed = accessToken.slice(0, at) + other + accessToken.slice(at + 1);
  const kind = random.next();
  if (kind < 0.4) return changed === accessToken ? `${accessToken}A` : changed;
  if (kind < 0.5) return own.accessToken;
  if (kind < 0.6) return accessToken.slice(0, at);
  if (kind < 0.7) return order.id;
  if (kind < 0.8) return order.reference;
  return Array.from({ length: 43 }, () => BASE64URL[Math.floor(random.between(0, 64))]).join('');
}
