import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, createProducer, type PublishedShow, signUp } from '../support/fixtures.js';
import { expectData, graphql } from '../support/graphql-client.js';
import { OPERATIONS } from '../support/operations.js';
import { startWorld, type World } from '../support/world.js';

const LIST = `query ($filter: ShowFilter) { shows(filter: $filter) {
  totalCount nodes { id title tickets { id available quantity held sold show { tickets { sold } } } }
} }`;
const SHOW = '{ show(id: $id) { title tickets { available quantity held sold } } }';

type Viewer = 'team' | 'stranger' | 'nobody';
const ORDERS: Viewer[][] = [
  ['team', 'stranger', 'nobody'],
  ['team', 'nobody', 'stranger'],
  ['stranger', 'team', 'nobody'],
  ['stranger', 'nobody', 'team'],
  ['nobody', 'team', 'stranger'],
  ['nobody', 'stranger', 'team'],
];

let world: World;
let team: Account;
let tokens: Record<Viewer, string | undefined>;
let producerId: string;
let show: PublishedShow;
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off' } });
  ({ seller: team, show } = await world.sell({ title: 'For all', tickets: [{ quantity: 30 }] }));
  ({ producerId } = show);
  await createDraft('Secret');
  tokens = { team: team.token, stranger: (await signUp(world.server)).token, nobody: undefined };
});
afterAll(() => world.close());

async function createDraft(title: string): Promise<string> {
  const startsAt = '2090-01-01T00:00:00Z';
  const input = { producerId, title, timeZone: 'UTC', startsAt };
  const made = await team.client.data<{ createShow: { id: string } }>(OPERATIONS['Mutation.createShow'], {
    input,
  });
  const ticket = { name: 'Seat', price: 0, quantity: 40 };
  await team.client.data(OPERATIONS['Mutation.createTicket'], { showId: made.createShow.id, input: ticket });
  return made.createShow.id;
}

/** What this viewer is told, as text. A comment makes it a request that nobody has sent before. */
async function told(viewer: Viewer, document: string, variables: object, mark = ''): Promise<string> {
  const answer = await graphql(
    world.server,
    `#${mark}\n${document}`,
    { ...variables },
    { token: tokens[viewer] },
  );
  return JSON.stringify(expectData(answer));
}

const list = (viewer: Viewer, mark?: string) => told(viewer, LIST, { filter: { producerId } }, mark);
const one = (viewer: Viewer, mark?: string) =>
  told(viewer, `query ($id: ID!) ${SHOW}`, { id: show.id }, mark);

function expectOnlyTheirs(viewer: Viewer, shows: string, single: string): void {
  const forTeam = viewer === 'team';
  expect(shows.includes('Secret')).toBe(forTeam);
  expect(shows).toContain(`"totalCount":${forTeam ? 2 : 1}`);
  expect(shows.includes('"quantity":30,"held":0,"sold":0')).toBe(forTeam);
  expect(single.includes('"quantity":30,"held":0,"sold":0')).toBe(forTeam);
  if (!forTeam) expect(shows + single).not.toMatch(/"(quantity|held|sold)":\d/);
  expect(single).toContain('"available":30');
}

describe('the same query from several viewers', () => {
  it.each(ORDERS)('tells each what is theirs: %s, then %s, then %s', async (...order) => {
    const mark = order.join(' ');
    for (let round = 0; round < 3; round += 1) {
      for (const viewer of order) expectOnlyTheirs(viewer, await list(viewer, mark), await one(viewer, mark));
    }
  });

  it('tells each what is theirs when they ask at once', async () => {
    for (let round = 0; round < 5; round += 1) {
      const mark = `at once ${round % 2}`;
      const askers = ORDERS.flat().sort(() => Math.random() - 0.5);
      await Promise.all(
        askers.map(async (viewer) => {
          const [shows, single] = await Promise.all([list(viewer, mark), one(viewer, mark)]);
          expectOnlyTheirs(viewer, shows, single);
        }),
      );
    }
  });

  it('tells a seller of their own drafts alone', async () => {
    const other = await signUp(world.server);
    await createProducer(world.server, other.token);
    tokens.stranger = other.token;
    for (const viewer of ['team', 'stranger', 'nobody'] as const) {
      expectOnlyTheirs(viewer, await list(viewer), await one(viewer));
    }
  });
});

describe('a draft', () => {
  it('is in no answer to others until it is published, and in every one from then on', async () => {
    const title = 'Soon';
    const id = await createDraft(title);
    const lists = () => Promise.all((['stranger', 'nobody'] as const).map((viewer) => list(viewer)));
    const reading = async () => {
      for (let time = 0; time < 10; time += 1) await lists();
    };
    await reading();
    expect((await lists()).join()).not.toContain(title);
    await Promise.all([team.client.data(OPERATIONS['Mutation.publishShow'], { id }), reading()]);
    for (const answer of await lists()) expect(answer).toContain(title);
    for (const viewer of ['team', 'stranger', 'nobody'] as const) {
      const single = await told(viewer, `query ($id: ID!) ${SHOW}`, { id });
      expect(single).toContain(title);
      expect(single.includes('"quantity":40')).toBe(viewer === 'team');
    }
  });
});

describe('what a team changes', () => {
  it('is in the next answer to everybody', async () => {
    const { id } = show.tickets[0]!;
    const document = 'query ($id: ID!) { ticket(id: $id) { name available show { tickets { name } } } }';
    for (let round = 1; round <= 5; round += 1) {
      const name = `Name ${round}`;
      await told('nobody', document, { id });
      await team.client.data(OPERATIONS['Mutation.updateTicket'], {
        id,
        input: { name, quantity: 30 + round },
      });
      for (const viewer of ['nobody', 'stranger', 'team'] as const) {
        const answer = JSON.parse(await told(viewer, document, { id }));
        expect(answer).toEqual({ ticket: { name, available: 30 + round, show: { tickets: [{ name }] } } });
      }
    }
  });
});
