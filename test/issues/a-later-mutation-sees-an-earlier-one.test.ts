import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { expectData, graphql } from '../support/graphql-client.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

describe('two mutations in one document', () => {
  it('see each what the ones before have done', async () => {
    const { show } = await world.sell({ tickets: [{ quantity: 10 }] });
    const input = {
      showId: show.id,
      items: [{ ticketId: show.tickets[0]?.id, quantity: 1 }],
      email: 'buyer@example.com',
    };
    const selection = '{ order { lines { ticket { available } } } }';
    const answer = await graphql<Record<string, { order: { lines: { ticket: { available: number } }[] } }>>(
      world.server,
      `mutation ($input: PurchaseTicketsInput!) {
        first: purchaseTickets(input: $input) ${selection}
        second: purchaseTickets(input: $input) ${selection}
      }`,
      { input },
    );
    const { first, second } = expectData(answer);
    expect(first?.order.lines[0]?.ticket.available).toBe(9);
    expect(second?.order.lines[0]?.ticket.available).toBe(8);
  });
});
