import { afterAll, beforeAll, it } from '@jest/globals';
import { type PublishedShow, signUp, tryPurchase, uniqueEmail } from '../support/fixtures.js';
import { expectData, expectError } from '../support/graphql-client.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
let show: PublishedShow;
beforeAll(async () => {
  world = await startWorld({ redis: false, env: { WORKER: 'off', RATE_LIMITS: 'on' } });
  ({ show } = await world.sell({ tickets: [{ quantity: 1_000 }] }));
});
afterAll(() => world.close());

const cart = () => ({ showId: show.id, items: [{ ticketId: show.tickets[0]!.id, quantity: 1 }] });

// A buyer's limit was counted by e-mail address, which anybody can name: 60 purchases a minute kept its owner out.
it('whoever is signed in buys, however often others buy with the same e-mail address', async () => {
  const buyer = await signUp(world.server);
  const inTheirName = () => tryPurchase(world.server, { ...cart(), email: buyer.email });
  for (const answer of await Promise.all(Array.from({ length: 60 }, inTheirName))) expectData(answer);
  expectError(await inTheirName(), 'RATE_LIMITED');
  const signedIn = (email: string) => tryPurchase(world.server, { ...cart(), email }, { token: buyer.token });
  expectData(await signedIn(buyer.email));
  const others = Array.from({ length: 59 }, () => signedIn(uniqueEmail()));
  for (const answer of await Promise.all(others)) expectData(answer);
  expectError(await signedIn(uniqueEmail()), 'RATE_LIMITED');
});
