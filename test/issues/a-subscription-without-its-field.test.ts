import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { subscribe } from '../support/websocket-client.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld({ redis: false });
});
afterAll(async () => world.close());

describe('a subscription whose one field is left out', () => {
  it.each([
    'subscription { inventoryChanged(showId: 1) @skip(if: true) { showId } }',
    'subscription { inventoryChanged(showId: 1) @include(if: false) { showId } }',
    'subscription($yes: Boolean = true) { inventoryChanged(showId: 1) @skip(if: $yes) { showId } }',
    `subscription { ...Root @skip(if: true) }
     fragment Root on Subscription { inventoryChanged(showId: 1) { showId } }`,
    `subscription { ...Root }
     fragment Root on Subscription { ... @include(if: false) { inventoryChanged(showId: 1) { showId } } }`,
  ])('is refused as a document that is not valid: %s', async (document) => {
    const subscription = subscribe(world.server, document);
    expect(await subscription.ended()).toMatchObject([{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }]);
    await subscription.close();
  });
});
