import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../../../bench/onsale/random.js';
import { type Purchase, tryPurchase } from '../../support/fixtures.js';
import type { GraphQLAnswer } from '../../support/graphql-client.js';
import { cancelOrder, completeCheckout, createCheckout, type GivenUp } from '../../support/order-life.js';
import { sessionIn } from '../../support/stripe.js';
import type { Setting } from './crowd.js';
import type { Told } from './journal.js';
import type { Cart } from './sale.js';

/** A request that takes longer is given up by its buyer, who does not know then what became of it. */
const PATIENCE_MS = 25_000;
/** How long somebody goes on asking for the same purchase. */
const PERSEVERANCE_MS = 30_000;
/** Whoever gets one of these may ask again, with the same key. */
const RETRYABLE = new Set(['INVENTORY_BUSY', 'PAYMENT_PROVIDER_UNAVAILABLE', 'INTERNAL_SERVER_ERROR']);
/** What did not come to an answer of the server's. */
const UNDECIDED = /^(HTTP_50[234]|CONNECTION|TIMEOUT)$/;
const REFUSED = new Set(['SOLD_OUT']);

type Answer = GraphQLAnswer<{ purchaseTickets: Purchase } | { createCheckout: Purchase }>;

/** Somebody who buys tickets as a shop's client does, and writes down what it was told. */
export class Buyer {
  private readonly cart: Cart;
  private readonly email = `${randomUUID()}@example.com`;
  private readonly idempotencyKey = randomUUID();
  private readonly givenUpAt = performance.now() + PERSEVERANCE_MS;

  constructor(
    private readonly setting: Setting,
    private readonly random: Random,
  ) {
    this.cart = setting.sale.cart(random);
  }

  async live(): Promise<void> {
    const bought = await this.buy();
    if (bought === undefined) return;
    const told = this.write(bought);
    if (this.chance(0.1)) await this.askAgain(told);
    const follows = this.chance(0.15);
    if (follows) this.setting.watchers.follow(told.orderId, bought.accessToken);
    if (bought.checkoutUrl === null) return;
    await delay(this.random.between(0, 400));
    const plan = this.random.weighted([
      ['pay', 5],
      ['cancel', 2],
      ['abandon', 3],
    ] as const);
    if (plan === 'pay') await this.pay(told, sessionIn(bought.checkoutUrl));
    if (plan === 'cancel') await this.cancel(told, bought);
  }

  /** Asks until it has bought, has been refused, or has lost patience. */
  private async buy(): Promise<Purchase | undefined> {
    let givenUp: GivenUp | undefined;
    while (performance.now() < this.givenUpAt) {
      const sent = performance.now();
      const answer = await this.ask(givenUp);
      const outcome = typeof answer === 'string' ? answer : outcomeOf(answer);
      this.setting.journal.attempts.push({
        sent,
        took: performance.now() - sent,
        outcome,
        mayAskAgain: typeof answer === 'string' || answer.errors[0]?.extensions?.retryAfterMs !== undefined,
        free: this.cart.free,
      });
      if (typeof answer !== 'string' && outcome === 'BOUGHT') return purchaseIn(answer);
      if (REFUSED.has(outcome)) return undefined;
      if (!RETRYABLE.has(outcome) && !UNDECIDED.test(outcome)) {
        // Somebody who asks for a page again may find that the order has ended meanwhile.
        if (givenUp === undefined || outcome !== 'CONFLICT') this.surprise('purchaseTickets', answer);
        return undefined;
      }
      const details = typeof answer === 'string' ? {} : (answer.errors[0]?.extensions ?? {});
      // Either way is right: the same purchase again, or the page of the order that was given up.
      if (typeof details.orderId === 'string' && this.chance(0.5)) givenUp = details as unknown as GivenUp;
      await delay(this.random.between(50, 250));
    }
    return undefined;
  }

  private async ask(givenUp: GivenUp | undefined): Promise<Answer | string> {
    const { front } = this.setting.cluster;
    const options = { signal: AbortSignal.timeout(PATIENCE_MS) };
    const { showId, items } = this.cart;
    const input = {
      showId,
      items,
      email: this.email,
      ...(!this.setting.withoutKeys && { idempotencyKey: this.idempotencyKey }),
    };
    return unlessLost<Answer>(
      givenUp
        ? createCheckout(front, { orderId: givenUp.orderId, accessToken: givenUp.accessToken }, options)
        : tryPurchase(front, input, options),
    );
  }

  private write({ order }: Purchase): Told {
    const told: Told = {
      orderId: order.id,
      email: this.email,
      idempotencyKey: this.idempotencyKey,
      quantity: this.cart.items.reduce((sum, { quantity }) => sum + quantity, 0),
      status: order.status,
      paid: false,
      cancelled: false,
    };
    this.setting.journal.told.push(told);
    return told;
  }

  /** As a client does whose first answer got lost on its last metre. */
  private async askAgain(told: Told): Promise<void> {
    if (this.setting.withoutKeys) return;
    const answer = await this.ask(undefined);
    if (typeof answer === 'string' || outcomeOf(answer) !== 'BOUGHT') return;
    const { order } = purchaseIn(answer);
    if (order.id === told.orderId) return;
    this.setting.journal.surprises.push(`the key of order ${told.orderId} then made order ${order.id}`);
  }

  private async pay(told: Told, sessionId: string): Promise<void> {
    const { stripe, front } = this.setting.cluster;
    try {
      await stripe.pay(sessionId);
    } catch {
      // Its time was over: Stripe takes no money for it any more.
      return;
    }
    told.paid = true;
    if (!this.chance(0.5)) return;
    const answer = await unlessLost(completeCheckout(front, sessionId));
    if (typeof answer === 'string') return;
    const code = answer.errors[0]?.extensions?.code;
    if (code !== undefined && !RETRYABLE.has(code)) this.surprise('completeCheckout', answer);
  }

  private async cancel(told: Told, { order, accessToken }: Purchase): Promise<void> {
    const answer = await unlessLost(cancelOrder(this.setting.cluster.front, { id: order.id, accessToken }));
    if (typeof answer === 'string') return;
    const code = answer.errors[0]?.extensions?.code;
    if (code === undefined) told.cancelled = answer.data?.cancelOrder.status === 'CANCELLED';
    else if (!RETRYABLE.has(code) && code !== 'CONFLICT') this.surprise('cancelOrder', answer);
  }

  private surprise(operation: string, answer: GraphQLAnswer<unknown> | string): void {
    const what = typeof answer === 'string' ? answer : JSON.stringify(answer.errors);
    this.setting.journal.surprises.push(`${operation} answered ${what}`);
  }

  private chance(probability: number): boolean {
    return this.random.next() < probability;
  }
}

function purchaseIn({ data }: Answer): Purchase {
  return Object.values(data ?? {})[0] as Purchase;
}

function outcomeOf({ errors, data, status }: Answer): string {
  if (errors.length > 0) return errors[0]?.extensions?.code ?? 'NO_CODE';
  return data ? 'BOUGHT' : `HTTP_${status}`;
}

/** The answer, or why there is none. */
async function unlessLost<Result>(asking: Promise<Result>): Promise<Result | string> {
  try {
    return await asking;
  } catch (error) {
    const { name, message } = error as Error;
    const status = /answered (\d+) with no JSON/.exec(message)?.[1];
    if (status !== undefined) return `HTTP_${status}`;
    return name === 'TimeoutError' ? 'TIMEOUT' : 'CONNECTION';
  }
}
