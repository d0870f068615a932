import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type Stripe from 'stripe';
import { type Account, orderReaches, purchase } from '../support/fixtures.js';
import { operate } from '../support/operate.js';
import { signUpOperator } from '../support/operators.js';
import { sessionIn } from '../support/stripe.js';
import { startWorld, type World } from '../support/world.js';
import { clientOf } from './local-stripe-support.js';

let world: World;
let operator: Account;
beforeAll(async () => {
  world = await startWorld({ env: { PLATFORM_FEE_PERCENT: '10' } });
  operator = await signUpOperator(world);
});
afterAll(() => world.close());

const setFee = (producerId: string, percent: number | null, token = operator.token) =>
  operate(world.server, 'Mutation.setPlatformFee', { producerId, percent }, token);

async function sale() {
  const { show, seller } = await world.sell({ tickets: [{ price: 999, quantity: 20 }] });
  const input = { showId: show.id, items: [{ ticketId: show.tickets[0]!.id, quantity: 1 }] };
  const buy = () => purchase(world.server, input);
  /** What Stripe has taken for the platform once the order is paid. */
  const feeOf = async (bought: Awaited<ReturnType<typeof buy>>) => {
    const sessionId = sessionIn(bought.checkoutUrl);
    await world.stripe.pay(sessionId);
    await orderReaches(world.server, bought, 'CONFIRMED');
    const paid = await clientOf(world.stripe).checkout.sessions.retrieve(sessionId, {
      expand: ['payment_intent'],
    });
    return (paid.payment_intent as Stripe.PaymentIntent).application_fee_amount;
  };
  return { seller, producerId: show.producerId, buy, feeOf };
}

describe('what the platform takes', () => {
  it('is another share for a producer for whom an operator says so, until it is taken back', async () => {
    const { producerId, buy, feeOf } = await sale();
    const other = await sale();
    expect(await feeOf(await buy())).toBe(100);
    expect((await setFee(producerId, 2.5)).data).toEqual({ setPlatformFee: { percent: 2.5, isOwn: true } });
    expect(await feeOf(await buy())).toBe(25); // 24.975
    expect(await other.feeOf(await other.buy())).toBe(100);
    expect((await setFee(producerId, 0)).data).toEqual({ setPlatformFee: { percent: 0, isOwn: true } });
    expect(await feeOf(await buy())).toBeNull();
    expect((await setFee(producerId, null)).data).toEqual({ setPlatformFee: { percent: 10, isOwn: false } });
    expect(await feeOf(await buy())).toBe(100);
  });

  it('is what it was when the order was made', async () => {
    const { producerId, buy, feeOf } = await sale();
    const bought = await buy();
    await setFee(producerId, 50);
    expect(await feeOf(bought)).toBe(100);
  });

  it.each([-1, 100.5, 1.00001])('cannot be %d percent', async (percent) => {
    const { producerId } = await sale();
    const { errors } = await setFee(producerId, percent);
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', field: 'percent' } }]);
  });

  it('is for operators to say, of producers that exist', async () => {
    const { producerId, seller } = await sale();
    const refused = await setFee(producerId, 0, seller.token);
    expect(refused.errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
    expect((await setFee('2147483647', 5)).errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
    expect((await setFee('x', 5)).errors).toMatchObject([
      { message: 'Invalid producer ID format', extensions: { code: 'BAD_USER_INPUT' } },
    ]);
  });
});

describe('asking what became of a payment', () => {
  it('is limited for each session, as often as anybody would', async () => {
    const server = await world.addServer({ env: { RATE_LIMITS: 'on', PLATFORM_FEE_PERCENT: '10' } });
    const { buy } = await sale();
    const [first, second] = [await buy(), await buy()];
    const ask = (sessionId: string) => operate(server, 'Mutation.completeCheckout', { sessionId });
    const sessionId = sessionIn(first.checkoutUrl);
    for (let asked = 0; asked < 60; asked += 1) {
      expect((await ask(sessionId)).data).toMatchObject({ completeCheckout: { status: 'PENDING' } });
    }
    expect((await ask(sessionId)).errors).toMatchObject([
      { extensions: { code: 'RATE_LIMITED', retryAfterMs: expect.any(Number) } },
    ]);
    const page = await fetch(`${server.url}/checkout/success?session_id=${sessionId}`);
    expect(page.status).toBe(429);
    expect((await ask(sessionIn(second.checkoutUrl))).errors ?? []).toEqual([]);
  });
});
