import { readFileSync } from 'node:fs';
import { buildSchema } from 'graphql';
import { purchase, signUp } from '../../support/fixtures.js';
import type { Variables } from '../../support/graphql-client.js';
import { operate } from '../../support/operate.js';
import { OPERATIONS, type OperationName } from '../../support/operations.js';
import { ruledFieldsIn, withRuledFields } from '../../support/ruled-fields.js';
import type { Attack } from '../attack.js';

const attack: Attack = {
  name: 'what is the team’s alone, along every way through the schema',
  times: { quick: 300, full: 3_000 },
  async run({ world, attempt, judge }) {
    const schema = buildSchema(readFileSync('schema.graphql', 'utf8'));
    const { show } = await world.sell({ tickets: [{ quantity: 10_000 }, { price: 500, quantity: 10 }] });
    const buyer = await signUp(world.server);
    const other = await world.sell({ tickets: [{}] });
    const cart = { showId: show.id, items: [{ ticketId: show.tickets[0]!.id, quantity: 2 }] };
    const { order, accessToken } = await purchase(world.server, cart, { token: buyer.token });
    const tokens = [undefined, buyer.token, other.seller.token, (await signUp(world.server)).token];
    const ways: Array<[OperationName, Variables]> = [
      ['Query.show', { id: show.id }],
      ['Query.shows', { filter: { producerId: show.producerId } }],
      ['Query.ticket', { id: show.tickets[0]!.id }],
      ['Query.order', { id: order.id, accessToken }],
      ['Mutation.purchaseTickets', { input: { ...cart, email: 'buyer@example.com' } }],
      ['Subscription.orderUpdated', { id: order.id, accessToken }],
    ];
    let looked = 0;
    await attempt(async (random) => {
      const [name, variables] = ways[Math.floor(random.between(0, ways.length))]!;
      const token = tokens[Math.floor(random.between(0, tokens.length))];
      const document = withRuledFields(schema, OPERATIONS[name]);
      const { data, errors } = await operate(world.server, name, variables, token, document);
      judge({ text: JSON.stringify({ data, errors }) });
      if (errors.length > 0) throw new Error(`${name} failed: ${JSON.stringify(errors)}`);
      for (const { place, value } of ruledFieldsIn(schema, document, data)) {
        looked += 1;
        if (value !== null) throw new Error(`${name} tells ${place}: ${JSON.stringify(value)}`);
      }
    });
    return `${looked.toLocaleString('en-US')} fields, all null`;
  },
};
export default attack;
