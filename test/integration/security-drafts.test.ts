import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, createProducer, type PublishedShow, purchase, signUp } from '../support/fixtures.js';
import { graphql } from '../support/graphql-client.js';
import { operate } from '../support/operate.js';
import { OPERATIONS } from '../support/operations.js';
import { subscribe } from '../support/websocket-client.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
let owner: Account;
let producerId: string;
let draft: { showId: string; ticketId: string };
let strangers: Array<string | undefined>;
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off' } });
  owner = await signUp(world.server);
  producerId = (await createProducer(world.server, owner.token)).id;
  draft = await createDraft();
  const other = await world.sell({ tickets: [{}] });
  strangers = [undefined, (await signUp(world.server)).token, other.seller.token];
});
afterAll(() => world.close());

async function createDraft() {
  const input = { producerId, title: 'Secret rehearsal', timeZone: 'UTC', startsAt: '2090-01-01T00:00:00Z' };
  const { createShow } = await owner.client.data<{ createShow: { id: string } }>(
    OPERATIONS['Mutation.createShow'],
    { input },
  );
  const ticket = { name: 'Secret seat', price: 0, quantity: 40 };
  const { createTicket } = await owner.client.data<{ createTicket: { id: string } }>(
    OPERATIONS['Mutation.createTicket'],
    { showId: createShow.id, input: ticket },
  );
  return { showId: createShow.id, ticketId: createTicket.id };
}

describe("another producer's draft", () => {
  const purchaseOf = () => ({
    input: {
      showId: draft.showId,
      items: [{ ticketId: draft.ticketId, quantity: 1 }],
      email: 'buyer@example.com',
    },
  });

  it('is not there in any query, subscription or purchase', async () => {
    for (const token of strangers) {
      const ask = (...[name, variables]: [Parameters<typeof operate>[1], Record<string, unknown>]) =>
        operate(world.server, name, variables, token);
      const answers = [
        await ask('Query.show', { id: draft.showId }),
        await ask('Query.ticket', { id: draft.ticketId }),
        await ask('Query.shows', {}),
        await ask('Query.shows', { filter: { producerId } }),
        await ask('Query.shows', { filter: { search: 'Secret' } }),
        await ask('Subscription.inventoryChanged', { showId: draft.showId }),
        await ask('Mutation.purchaseTickets', purchaseOf()),
      ];
      expect(JSON.stringify(answers.map(({ data, errors }) => ({ data, errors })))).not.toMatch(/Secret/);
      const [show, ticket, , ofProducer, found, watched, bought] = answers;
      expect(show).toMatchObject({ data: { show: null }, errors: [] });
      expect(ticket).toMatchObject({ data: { ticket: null }, errors: [] });
      for (const list of [ofProducer, found]) {
        expect(list).toMatchObject({ data: { shows: { nodes: [], totalCount: 0 } }, errors: [] });
      }
      const notFound = [{ message: 'Show not found', extensions: { code: 'NOT_FOUND' } }];
      expect(watched?.errors).toMatchObject(notFound);
      expect(bought?.errors).toMatchObject(notFound);
    }
  });

  it('is not told apart from what does not exist by whoever tries to change it', async () => {
    for (const token of strangers.slice(1)) {
      for (const [name, variables, message] of [
        ['Mutation.publishShow', { id: draft.showId }, 'Show not found'],
        [
          'Mutation.createTicket',
          { showId: draft.showId, input: { name: 'Mine', price: 0, quantity: 1 } },
          'Show not found',
        ],
        ['Mutation.updateTicket', { id: draft.ticketId, input: {} }, `Ticket ${draft.ticketId} not found`],
      ] as const) {
        const answer = await operate(world.server, name, variables, token);
        expect(answer.errors).toMatchObject([{ message, extensions: { code: 'NOT_FOUND' } }]);
      }
    }
  });

  it('is there for its team, in all of them', async () => {
    const show = await operate(world.server, 'Query.show', { id: draft.showId }, owner.token);
    expect(show.data).toMatchObject({
      show: { status: 'DRAFT', tickets: [{ id: draft.ticketId, held: 0 }] },
    });
    const ticket = await operate(world.server, 'Query.ticket', { id: draft.ticketId }, owner.token);
    expect(ticket.data).toMatchObject({ ticket: { name: 'Secret seat', quantity: 40 } });
    const list = await operate(world.server, 'Query.shows', { filter: { search: 'secret' } }, owner.token);
    expect(list.data).toMatchObject({ shows: { nodes: [{ id: draft.showId }], totalCount: 1 } });
    const watched = await operate(
      world.server,
      'Subscription.inventoryChanged',
      { showId: draft.showId },
      owner.token,
    );
    expect(watched.data).toMatchObject({ inventoryChanged: { tickets: [{ available: 40 }] } });
  });

  it('is there for everybody once it is published', async () => {
    const published = await createDraft();
    await owner.client.data(OPERATIONS['Mutation.publishShow'], { id: published.showId });
    for (const token of strangers) {
      const answer = await operate(world.server, 'Query.show', { id: published.showId }, token);
      expect(answer.data).toMatchObject({ show: { title: 'Secret rehearsal', status: 'PUBLISHED' } });
    }
  });
});

describe('how many tickets are held and sold', () => {
  const COUNTERS = '{ quantity held sold available }';
  let show: PublishedShow;
  let seller: Account;
  const hidden = { quantity: null, held: null, sold: null, available: 97 };
  const shown = { quantity: 100, held: 1, sold: 2, available: 97 };

  beforeAll(async () => {
    ({ show, seller } = await world.sell({ tickets: [{ price: 500, quantity: 100 }] }));
    const ticketId = show.tickets[0]!.id;
    await purchase(world.server, { showId: show.id, items: [{ ticketId, quantity: 1 }] });
    // Two seats sold for nothing, while the price was none.
    await seller.client.data(OPERATIONS['Mutation.updateTicket'], { id: ticketId, input: { price: 0 } });
    await purchase(world.server, { showId: show.id, items: [{ ticketId, quantity: 2 }] });
  });

  /** Every way on which a ticket is reached. */
  async function everyWay(token?: string): Promise<unknown[]> {
    const call = async (document: string, variables: Record<string, unknown>) => {
      const answer = await graphql<Record<string, never>>(world.server, document, variables, { token });
      expect(answer.errors).toEqual([]);
      return answer.data;
    };
    const ticketId = show.tickets[0]!.id;
    return [
      await call(`query ($id: ID!) { show(id: $id) { tickets ${COUNTERS} } }`, { id: show.id }),
      await call(`query ($id: ID!) { ticket(id: $id) ${COUNTERS} }`, { id: ticketId }),
      await call(`query ($id: ID!) { ticket(id: $id) { show { tickets ${COUNTERS} } } }`, { id: ticketId }),
      await call(
        `query ($id: ID!) { shows(filter: { producerId: $id }) { nodes { tickets ${COUNTERS} } } }`,
        {
          id: show.producerId,
        },
      ),
      await call(
        `query ($id: ID!) { shows(filter: { producerId: $id }) { edges { node { tickets ${COUNTERS} } } } }`,
        {
          id: show.producerId,
        },
      ),
    ];
  }

  it('is for the team alone, on every way to a ticket', async () => {
    for (const token of strangers) {
      for (const answer of await everyWay(token))
        expect(JSON.stringify(answer)).toContain(JSON.stringify(hidden));
    }
    for (const answer of await everyWay(seller.token)) {
      expect(JSON.stringify(answer)).toContain(JSON.stringify(shown));
    }
  });

  it('is not told to buyers by their own orders, lines and attendees', async () => {
    const document = `mutation ($input: PurchaseTicketsInput!) { purchaseTickets(input: $input) {
      accessToken
      order { id lines { ticket { quantity held sold } attendees { ticket { quantity held sold } } }
              attendees { ticket { quantity held sold } } show { tickets { quantity held sold } } }
    } }`;
    const items = [{ ticketId: show.tickets[0]!.id, quantity: 1 }];
    const input = { showId: show.id, items, email: 'buyer@example.com' };
    const answer = await graphql<{ purchaseTickets: { order: { id: string }; accessToken: string } }>(
      world.server,
      document,
      { input },
      { token: strangers[1] },
    );
    const text = JSON.stringify(answer.data);
    expect(text.match(/"quantity":null,"held":null,"sold":null/g)).toHaveLength(4);
    expect(text).not.toMatch(/"(quantity|held|sold)":\d/);

    const bought = answer.data!.purchaseTickets;
    const watched = subscribe(
      world.server,
      `subscription ($id: ID!, $accessToken: String) { orderUpdated(id: $id, accessToken: $accessToken) {
        lines { ticket { quantity held sold } } } }`,
      { id: bought.order.id, accessToken: bought.accessToken },
    );
    expect(await watched.next()).toEqual({
      orderUpdated: { lines: [{ ticket: { quantity: null, held: null, sold: null } }] },
    });
    await watched.close();
  });
});
