import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, createPublishedShow, type PublishedShow, purchase } from '../support/fixtures.js';
import { expectData, expectError, type GraphQLAnswer, graphql } from '../support/graphql-client.js';
import { send } from '../support/http.js';
import { metric } from '../support/metrics.js';
import { operate } from '../support/operate.js';
import { subscribe } from '../support/websocket-client.js';
import { startWorld, type World } from '../support/world.js';

const LONGEST = 'd'.repeat(10_000);
const MOST = 2_000_000;
const names = (count: number) =>
  Array.from({ length: count }, (_, index) => `a${index}: description`).join(' ');
const page = (fields: string) => `{ shows(first: 100) { nodes { ${fields} } } }`;

let world: World;
let seller: Account;
let show: PublishedShow;
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off' } });
  ({ seller, show } = await world.sell({ tickets: [{}], description: LONGEST }));
  const { producerId } = show;
  const described = { producerId, tickets: [], description: LONGEST };
  await Promise.all(
    Array.from({ length: 99 }, () => createPublishedShow(world.server, seller.token, described)),
  );
});
afterAll(() => world.close());

type Page = { shows: { nodes: Record<string, string | null>[] } };

const charactersIn = (data: unknown): number => JSON.stringify(data).split('d'.repeat(100)).length * 100;

function refused(answer: GraphQLAnswer<unknown>): void {
  const { extensions } = expectError(answer, 'BAD_USER_INPUT');
  expect(extensions).toMatchObject({ field: 'query', limit: MOST });
  expect(charactersIn(answer.data)).toBeLessThan(MOST + 10_000);
}

// 816 bytes, which cost a fourth of what an operation may, had an answer of 50 million characters.
describe('a long text asked for under many names', () => {
  it('is refused once it would make too long an answer, and the largest page of texts is not', async () => {
    const whole = expectData(await graphql<Page>(world.server, page('description')));
    expect(whole.shows.nodes.map(({ description }) => description)).toEqual(Array(100).fill(LONGEST));
    const compiled = () => metric(world.server, 'boxoffice_graphql_executions_total', { way: 'compiled' });
    const before = await compiled();
    // Documents that come again are compiled.
    for (let time = 0; time < 5; time += 1) refused(await graphql(world.server, page(names(50))));
    expect(await compiled()).toBeGreaterThan(before);
  });

  it('is refused to whoever asks the same, and nobody keeps the refusal', async () => {
    const path = `/graphql?${new URLSearchParams({ query: page(names(49)) })}`;
    for (let time = 0; time < 2; time += 1) {
      const answer = await send(world.server, path, { headers: { 'apollo-require-preflight': 'yes' } });
      expect(answer.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', limit: MOST } }]);
      expect(answer.headers.get('etag')).toBeNull();
      expect(answer.headers.get('cache-control')).toBe('private, no-store');
    }
  });

  it('is refused over a WebSocket too', async () => {
    const query = subscribe(world.server, page(names(50)));
    const { data, errors } = await query.nextMessage();
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', limit: MOST } }]);
    expect(charactersIn(data)).toBeLessThan(MOST + 10_000);
    await query.close();
  });

  it('counts for all mutations of a document together', async () => {
    const mutations = Array.from({ length: 5 }, (_, index) => `m${index}: publishShow(id: $id) { ...Texts }`);
    const document = `mutation ($id: ID!) { ${mutations.join(' ')} } fragment Texts on Show { ${names(45)} }`;
    refused(await graphql(world.server, document, { id: show.id }, { token: seller.token }));
  });

  it('counts anew for each message of a subscription', async () => {
    const items = [{ ticketId: show.tickets[0]!.id, quantity: 1 }];
    const { order, accessToken } = await purchase(world.server, { showId: show.id, items });
    const document = `subscription ($id: ID!, $accessToken: String) {
      orderUpdated(id: $id, accessToken: $accessToken) {
        show { ...Texts } lines { ticket { show { ...Texts } } } attendees { status ticket { show { ...Texts } } }
      }
    } fragment Texts on Show { ${names(45)} }`;
    const updates = subscribe(world.server, document, { id: order.id, accessToken });
    expect(charactersIn(await updates.next())).toBeGreaterThan(MOST / 2);
    const input = { orderId: order.id, reason: 'OTHER' };
    const refund = await operate(world.server, 'Mutation.refundOrder', { input }, seller.token);
    expect(refund.errors).toEqual([]);
    expect(charactersIn(await updates.next())).toBeGreaterThan(MOST / 2);
    await updates.close();
  });
});
