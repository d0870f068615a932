import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { graphql } from '../support/graphql-client.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

/** `show { tickets { show { tickets ... } } }`, so many times over. */
function nested(times: number): string {
  return times === 0 ? 'id' : `tickets { show { ${nested(times - 1)} } }`;
}

describe('a document that multiplies', () => {
  it('is refused once its answer would have too many objects, and harms nobody', async () => {
    const { show } = await world.sell({ tickets: Array.from({ length: 12 }, () => ({ quantity: 1 })) });
    const document = (times: number) => `query ($id: ID!) { show(id: $id) { ${nested(times)} } }`;

    const refused = await graphql(world.server, document(6), { id: show.id });
    expect(refused.data).toEqual({ show: null });
    expect(refused.errors).toHaveLength(1);
    expect(refused.errors[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', limit: 20_000 });

    const modest = await graphql<{ show: { tickets: unknown[] } }>(world.server, document(2), {
      id: show.id,
    });
    expect(modest.errors).toEqual([]);
    expect(modest.data?.show.tickets).toHaveLength(12);
  });
});
