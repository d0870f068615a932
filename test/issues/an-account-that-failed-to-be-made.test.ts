import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createProducer, signUp } from '../support/fixtures.js';
import { operate } from '../support/operate.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off' } });
});
afterAll(() => world.close());

/** Stripe keeps a failure of its own, and answers the same idempotency key with nothing else for at least a day. */
describe('a producer whose account Stripe failed to make once', () => {
  it('can be onboarded when it asks again', async () => {
    const { token } = await signUp(world.server);
    const { id: producerId } = await createProducer(world.server, token);
    const urls = { returnUrl: 'https://shop.example/', refreshUrl: 'https://shop.example/' };
    const onboard = () =>
      operate(world.server, 'Mutation.connectStripeAccount', { producerId, ...urls }, token);
    const match = { method: 'POST', path: 'accounts$' } as const;
    await world.stripe.faults.add({ kind: 'error', afterEffect: true, match, times: 1 });
    expect((await onboard()).errors).toMatchObject([
      { extensions: { code: 'PAYMENT_PROVIDER_UNAVAILABLE' } },
    ]);
    const again = await onboard();
    expect(again.data?.connectStripeAccount).toMatchObject({ url: expect.any(String) });
  });
});
