import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { HttpRequest } from '../support/http-connection.js';
import { OperationFailed, sendInTime } from './http.js';
import type { PaidOrder } from './jobs.js';
import { type BuyerPlan, type Extent, holdMs } from './plan.js';
import { Random } from './random.js';
import type { PlacedOrder, Shop, ShowPage } from './shop.js';
import type { Tally } from './tally.js';

/** What a buyer knows of the sale and reports to. */
export interface Sale {
  readonly shop: Shop;
  readonly tally: Tally;
  readonly extent: Extent;
  readonly opensAt: number;
  readonly end: number;
  /** Once it is really sold out, who waits for tickets to come back goes home. */
  readonly isOver: () => boolean;
  readonly paid: PaidOrder[];
  readonly violations: string[];
}

interface Choice {
  readonly ticketId: string;
  readonly quantity: number;
  readonly expectedUnitPrice: number;
}

/** From looking at the page to having tickets, or not. */
export class Buyer {
  private readonly random: Random;
  private readonly email: string;

  constructor(
    index: number,
    private readonly plan: BuyerPlan,
    private readonly sale: Sale,
  ) {
    this.random = new Random(sale.extent.seed * 31 + index);
    this.email = `buyer-${index}@example.com`;
  }

  /** @returns how it ended, in a few words */
  async visit(): Promise<string> {
    const { sale, plan } = this;
    const arrived = performance.now();
    let page = await sale.shop.patiently(() => sale.shop.showPage());
    await delay(Math.max(0, sale.opensAt - Date.now()) + plan.decidesIn);
    for (;;) {
      const choice = this.choose(page);
      const placed = choice && (await this.place(choice));
      if (placed === 'hung up') return placed;
      if (placed) {
        sale.tally.succeeded('from arrival to checkout', performance.now() - arrived);
        return this.checkOut(placed, choice.quantity);
      }
      if (!plan.patient || sale.isOver()) return 'found it sold out';
      if (Date.now() > sale.end) return 'waited in vain';
      await this.wait(choice ? 200 : 4_000, choice ? 500 : 8_000);
      page = await sale.shop.patiently(() => sale.shop.showPage());
    }
  }

  /** What is left of the kind wanted most. */
  private choose({ tickets }: ShowPage): Choice | undefined {
    for (const kind of this.plan.kinds) {
      const ticket = tickets[kind];
      if (ticket === undefined || ticket.available === 0) continue;
      const quantity = Math.min(this.plan.quantity, ticket.available);
      return { ticketId: ticket.id, quantity, expectedUnitPrice: ticket.price.amount };
    }
    return undefined;
  }

  /** @returns undefined when others were faster */
  private async place(choice: Choice): Promise<PlacedOrder | 'hung up' | undefined> {
    const { shop } = this.sale;
    const request = shop.purchase({ items: [choice], email: this.email, idempotencyKey: randomUUID() });
    if (this.plan.habit === 'hangs up') return this.hangUp(request);
    try {
      return await shop.patiently(() =>
        this.plan.habit === 'sends twice' ? this.placeTwice(request) : this.placeOnce(request),
      );
    } catch (error) {
      if (error instanceof OperationFailed && error.code === 'SOLD_OUT') return undefined;
      throw error;
    }
  }

  private async hangUp(request: HttpRequest): Promise<'hung up'> {
    const connection = this.sale.shop.connections.open();
    const answer = sendInTime(connection, request).catch(() => undefined);
    await this.wait(20, 400);
    connection.close();
    await answer;
    return 'hung up';
  }

  private async placeOnce(request: HttpRequest): Promise<PlacedOrder> {
    const connection = this.sale.shop.connections.open();
    try {
      return await this.sale.shop.place(request, connection);
    } finally {
      connection.close();
    }
  }

  /** The same request again while the first is under way, as an impatient thumb does. */
  private async placeTwice(request: HttpRequest): Promise<PlacedOrder> {
    const { shop, violations } = this.sale;
    const connections = [shop.connections.open(), shop.connections.open()] as const;
    const first = shop.place(request, connections[0]);
    first.catch(() => undefined);
    await this.wait(5, 60);
    const answers = await Promise.allSettled([first, shop.place(request, connections[1])]);
    for (const connection of connections) connection.close();
    const placed = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
    if (new Set(placed.map(({ order }) => order.id)).size > 1) {
      violations.push(`The same purchase of ${this.email}, sent twice, made two orders.`);
    }
    if (placed[0]) return placed[0];
    throw (answers[1] as PromiseRejectedResult).reason;
  }

  private async checkOut({ order, checkoutUrl }: PlacedOrder, quantity: number): Promise<string> {
    const { sale, plan } = this;
    // The answer took longer than the hold, which is far shorter here than it is in production.
    if (order.status === 'EXPIRED') return 'was answered too late to pay';
    if (checkoutUrl === null) {
      sale.violations.push(`${this.email} was answered with an order that is ${order.status}, and no page.`);
      return 'had no page to pay on';
    }
    if (plan.habit === 'never pays') return 'never paid';
    await this.wait(1_500, 5_000);
    if (plan.habit.startsWith('is declined')) {
      await sale.shop.atStripe(checkoutUrl, 'decline');
      if (plan.habit === 'is declined, then leaves') return 'was declined';
      await this.wait(1_500, 5_000);
    }
    if (plan.habit === 'pays late') await delay(holdMs(sale.extent) * this.random.between(0.4, 0.9));
    if (!(await sale.shop.atStripe(checkoutUrl, 'pay'))) return 'came too late to pay';
    sale.paid.push({ orderId: order.id, quantity });
    return this.complete(new URL(checkoutUrl).pathname.split('/')[2] as string, quantity);
  }

  private async complete(sessionId: string, quantity: number): Promise<string> {
    const { shop, tally, violations } = this.sale;
    const paid = performance.now();
    const { status, attendees } = await shop.patiently(() => shop.complete(sessionId));
    if (status !== 'CONFIRMED') return `paid for an order that is ${status}`;
    tally.succeeded('from paying to tickets', performance.now() - paid);
    if (attendees.length !== quantity) {
      violations.push(`${this.email} paid for ${quantity} tickets and got ${attendees.length}.`);
    }
    return 'has tickets';
  }

  private wait(least: number, most: number): Promise<void> {
    return delay(this.random.between(least, most) / this.sale.extent.tempo);
  }
}
