import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, createProducer, signUp } from '../support/fixtures.js';
import { expectData, graphql } from '../support/graphql-client.js';
import { OPERATIONS } from '../support/operations.js';
import { startWorld, type World } from '../support/world.js';

const DAY_MS = 86_400_000;
const inDays = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString();

let world: World;
let owner: Account;
let producerId: string;
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off' } });
  owner = await signUp(world.server);
  producerId = (await createProducer(world.server, owner.token)).id;
});
afterAll(() => world.close());

interface Page {
  readonly nodes: Array<{ id: string; title: string }>;
  readonly edges: Array<{ cursor: string; node: { id: string } }>;
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
  readonly totalCount: number;
}
const PAGE = `query ($first: Int, $after: String, $filter: ShowFilter) {
  shows(first: $first, after: $after, filter: $filter) {
    nodes { id title } edges { cursor node { id } } totalCount
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`;

async function shows(variables: Record<string, unknown> = {}, token?: string): Promise<Page> {
  const answer = await graphql<{ shows: Page }>(world.server, PAGE, variables, { token });
  return expectData(answer).shows;
}
const titles = (page: Page) => page.nodes.map(({ title }) => title);

async function createShow(
  input: Record<string, unknown>,
  { publish = true, by = producerId } = {},
): Promise<string> {
  const whole = { producerId: by, timeZone: 'UTC', startsAt: inDays(30), ...input };
  const made = await owner.client.data<{ createShow: { id: string } }>(OPERATIONS['Mutation.createShow'], {
    input: whole,
  });
  const { id } = made.createShow;
  if (publish) await owner.client.data(OPERATIONS['Mutation.publishShow'], { id });
  return id;
}

describe('the pages of the shows', () => {
  const filter = { search: 'paged' };
  /** In the order of the list; two start at the same instant. */
  const expected = ['Paged A', 'Paged B', 'Paged C', 'Paged D', 'Paged E', 'Paged F', 'Paged G'];
  beforeAll(async () => {
    const same = inDays(13);
    const starts = {
      C: same,
      G: inDays(17),
      A: inDays(11),
      D: same,
      F: inDays(16),
      B: inDays(12),
      E: inDays(15),
    };
    for (const [letter, startsAt] of Object.entries(starts))
      await createShow({ title: `Paged ${letter}`, startsAt });
  });

  it('follow each other in the order the shows start, none missing and none twice', async () => {
    for (const first of [1, 2, 3, 6, 7, 100]) {
      const seen: string[] = [];
      let page = await shows({ first, filter });
      expect(page.pageInfo.hasPreviousPage).toBe(false);
      for (;;) {
        seen.push(...titles(page));
        expect(page.totalCount).toBe(7);
        expect(page.nodes.length).toBeLessThanOrEqual(first);
        expect(page.pageInfo.hasNextPage).toBe(seen.length < 7);
        if (!page.pageInfo.hasNextPage) break;
        page = await shows({ first, filter, after: page.pageInfo.endCursor });
        expect(page.pageInfo.hasPreviousPage).toBe(true);
      }
      expect(seen).toEqual(expected);
    }
  });

  it('have a cursor for every edge, at which another page may begin', async () => {
    const whole = await shows({ filter });
    expect(whole.pageInfo.startCursor).toBe(whole.edges[0]!.cursor);
    expect(whole.pageInfo.endCursor).toBe(whole.edges.at(-1)!.cursor);
    expect(new Set(whole.edges.map(({ cursor }) => cursor)).size).toBe(7);
    expect(whole.edges.map(({ node }) => node.id)).toEqual(whole.nodes.map(({ id }) => id));
    for (const [index, { cursor }] of whole.edges.entries()) {
      expect(titles(await shows({ filter, after: cursor }))).toEqual(expected.slice(index + 1));
    }
  });

  it('are not shifted by shows that come or go before them', async () => {
    const page = await shows({ first: 3, filter });
    const early = await createShow({ title: 'Paged early', startsAt: inDays(10) });
    expect(titles(await shows({ first: 3, filter, after: page.pageInfo.endCursor }))).toEqual(
      expected.slice(3, 6),
    );
    await world.database.pool.query('delete from show where id = $1', [early]);
  });

  it('hold 20 where nothing is said, at most 100, and at least one', async () => {
    const { server } = world;
    for (const first of [1, 100])
      expect((await shows({ first, filter })).nodes.length).toBe(Math.min(first, 7));
    expect(titles(await shows({ first: null, filter }))).toEqual(expected);
    for (let number = 0; number < 14; number += 1) await createShow({ title: `Filler ${number}` });
    const answer = await graphql<{ shows: { nodes: unknown[] } }>(server, '{ shows { nodes { id } } }');
    expect(answer.data!.shows.nodes).toHaveLength(20);
  });

  it('are empty where nothing matches', async () => {
    expect(await shows({ filter: { search: 'there is no such show' } })).toEqual({
      nodes: [],
      edges: [],
      totalCount: 0,
      pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null },
    });
  });
});

describe('a search', () => {
  const found = async (search: string, more: Record<string, unknown> = {}) =>
    titles(await shows({ filter: { search, ...more } })).sort();
  beforeAll(async () => {
    await createShow({ title: 'Jazz 100% live', venue: 'Blue Room' });
    await createShow({ title: 'Jazz 1000 live', venue: 'Green_Room' });
    await createShow({ title: 'Rock \\ Roll', venue: 'GreenXRoom' });
    await createShow({ title: 'ÉTÉ à Straße', venue: null });
  });

  it('finds in titles and venues, whatever the letters', async () => {
    expect(await found('jAZZ')).toEqual(['Jazz 100% live', 'Jazz 1000 live']);
    expect(await found('BLUE room')).toEqual(['Jazz 100% live']);
    expect(await found('été')).toEqual(['ÉTÉ à Straße']);
    expect(await found('  rock  ')).toEqual(['Rock \\ Roll']);
  });

  it('takes %, _ and \\ for what they are', async () => {
    expect(await found('100%')).toEqual(['Jazz 100% live']);
    expect(await found('%')).toEqual(['Jazz 100% live']);
    expect(await found('n_r')).toEqual(['Jazz 1000 live']);
    expect(await found('k \\ r')).toEqual(['Rock \\ Roll']);
    expect(await found('\\')).toEqual(['Rock \\ Roll']);
    expect(await found("' or true --")).toEqual([]);
  });

  it('for nothing leaves nothing out', async () => {
    const all = await shows();
    for (const search of ['', '   ', null])
      expect((await shows({ filter: { search } })).totalCount).toBe(all.totalCount);
  });

  it('that is longer than any title is refused', async () => {
    const answer = await graphql(world.server, PAGE, { filter: { search: 'x'.repeat(201) } });
    expect(answer.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', field: 'filter.search' } }]);
  });
});

describe('filters', () => {
  it('of time leave out the very instant, and of several all must hold', async () => {
    const other = (await createProducer(world.server, owner.token)).id;
    const at = { one: inDays(51), two: inDays(52), three: inDays(53) };
    await createShow({ title: 'Timed one', startsAt: at.one });
    await createShow({ title: 'Timed two', startsAt: at.two });
    await createShow({ title: 'Timed two, elsewhere', startsAt: at.two }, { by: other });
    await createShow({ title: 'Timed three', startsAt: at.three });
    const found = async (filter: Record<string, unknown>) =>
      titles(await shows({ filter: { search: 'timed', ...filter } }));
    expect(await found({ startsAfter: at.one })).toEqual([
      'Timed two',
      'Timed two, elsewhere',
      'Timed three',
    ]);
    expect(await found({ startsBefore: at.two })).toEqual(['Timed one']);
    expect(await found({ startsAfter: at.one, startsBefore: at.three, producerId: other })).toEqual([
      'Timed two, elsewhere',
    ]);
    expect(await found({ startsAfter: at.three, startsBefore: at.one })).toEqual([]);
    const page = await shows({ first: 1, filter: { search: 'timed', producerId, startsAfter: at.one } });
    expect(page).toMatchObject({ totalCount: 2, pageInfo: { hasNextPage: true } });
  });

  it('take every instant of the years 1 to 9999', async () => {
    const [first, last] = ['0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999Z'];
    expect((await shows({ filter: { startsAfter: first, startsBefore: last } })).totalCount).toBeGreaterThan(
      0,
    );
    expect(await shows({ filter: { startsAfter: last, startsBefore: first } })).toMatchObject({
      totalCount: 0,
    });
  });

  it.each(['0000-01-01T00:00:00Z', '0001-01-01T00:00:00+01:00', '9999-12-31T23:59:59-01:00'])(
    'refuse %s, which is in none of them',
    async (instant) => {
      for (const field of ['startsAfter', 'startsBefore']) {
        const answer = await graphql(world.server, PAGE, { filter: { [field]: instant } });
        expect(answer.errors).toMatchObject([
          {
            message: `${field} must be in the years 0001 to 9999 in UTC`,
            extensions: { code: 'BAD_USER_INPUT', field: `filter.${field}` },
          },
        ]);
      }
    },
  );
});

describe('shows that are not for everybody', () => {
  it('are listed for their own team alone, among the others', async () => {
    await createShow({ title: 'Hidden draft', startsAt: inDays(61) }, { publish: false });
    await createShow({ title: 'Hidden no more', startsAt: inDays(62) });
    const cancelled = await createShow({ title: 'Hidden not at all, but cancelled', startsAt: inDays(63) });
    await world.database.pool.query("update show set status = 'CANCELLED' where id = $1", [cancelled]);
    const filter = { search: 'hidden' };
    const open = ['Hidden no more', 'Hidden not at all, but cancelled'];
    const stranger = (await world.sell({ tickets: [] })).seller;
    for (const token of [undefined, stranger.token]) {
      const page = await shows({ filter }, token);
      expect(titles(page)).toEqual(open);
      expect(page.totalCount).toBe(2);
    }
    const own = await shows({ filter, first: 2 }, owner.token);
    expect(titles(own)).toEqual(['Hidden draft', 'Hidden no more']);
    expect(own).toMatchObject({ totalCount: 3, pageInfo: { hasNextPage: true } });
  });
});
