import { setTimeout as delay } from 'node:timers/promises';
import { ONE_SHOW } from '../support/documents.js';
import type { HttpAnswer, HttpConnection, HttpRequest } from '../support/http-connection.js';
import { Connections, dataOf, OperationFailed, operation, sendInTime } from './http.js';
import type { PlayJob } from './jobs.js';
import type { Tally } from './tally.js';

export interface ShowPage {
  readonly tickets: readonly {
    readonly id: string;
    readonly price: { readonly amount: number };
    readonly available: number;
    readonly status: string;
  }[];
}

export interface PlacedOrder {
  readonly order: { readonly id: string; readonly status: string };
  readonly checkoutUrl: string | null;
}

interface CompletedOrder {
  readonly status: string;
  readonly attendees: readonly unknown[];
}

const PURCHASE = `mutation Buy($input: PurchaseTicketsInput!) {
  purchaseTickets(input: $input) { order { id reference status expiresAt } checkoutUrl accessToken }
}`;
/** Where Stripe sends buyers; nobody goes there, since the shop is in here. */
const PAGES = {
  successUrl: 'https://shop.example/thanks?session={CHECKOUT_SESSION_ID}',
  cancelUrl: 'https://shop.example/cart',
};
const COMPLETE = `mutation Complete($sessionId: String!) {
  completeCheckout(sessionId: $sessionId) { id status paymentStatus attendees { id } }
}`;

/** The web shop or app that all these people use: it measures what it asks, and does what errors tell it to. */
export class Shop {
  readonly connections: Connections;
  private readonly stripe = new Map<string, Connections>();

  constructor(
    private readonly job: Pick<PlayJob, 'proxies' | 'showId' | 'end'>,
    private readonly tally: Tally,
  ) {
    this.connections = new Connections(job.proxies);
  }

  async showPage(name = 'show'): Promise<ShowPage> {
    const request = operation(name, ONE_SHOW, { id: this.job.showId });
    return (await this.measured<{ show: ShowPage }>(name, () => this.connections.send(request))).show;
  }

  purchase(input: object): HttpRequest {
    return operation('purchaseTickets', PURCHASE, { input: { showId: this.job.showId, ...PAGES, ...input } });
  }

  /** @throws OperationFailed */
  async place(request: HttpRequest, connection: HttpConnection): Promise<PlacedOrder> {
    const { purchaseTickets } = await this.measured<{ purchaseTickets: PlacedOrder }>('purchaseTickets', () =>
      sendInTime(connection, request),
    );
    return purchaseTickets;
  }

  /** Where Stripe sends the buyer after paying. @throws OperationFailed */
  async complete(sessionId: string): Promise<CompletedOrder> {
    const request = operation('completeCheckout', COMPLETE, { sessionId });
    const { completeCheckout } = await this.measured<{ completeCheckout: CompletedOrder }>(
      'completeCheckout',
      () => this.connections.send(request),
    );
    return completeCheckout;
  }

  /** What the buyer does on Stripe's page. @returns false when Stripe no longer takes it */
  async atStripe(checkoutUrl: string, action: 'pay' | 'decline'): Promise<boolean> {
    const { origin, pathname } = new URL(checkoutUrl);
    const stripe = this.stripe.get(origin) ?? new Connections([origin]);
    this.stripe.set(origin, stripe);
    const answer = await stripe.send({ method: 'POST', path: `${pathname}?action=${action}` });
    return answer.status === 303;
  }

  /**
   * Asks again for as long as the answer is to come back later, and not before that.
   *
   * @throws OperationFailed for any other failure, and the last one when it is time to go home
   */
  async patiently<Result>(ask: () => Promise<Result>): Promise<Result> {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        const wait = error instanceof OperationFailed ? pause(error) : undefined;
        if (wait === undefined || Date.now() + wait > this.job.end) throw error;
        await delay(wait);
      }
    }
  }

  close(): void {
    for (const connections of [this.connections, ...this.stripe.values()]) connections.close();
  }

  private async measured<Data>(name: string, ask: () => Promise<HttpAnswer>): Promise<Data> {
    const sent = performance.now();
    try {
      const data = dataOf<Data>(await ask());
      this.tally.succeeded(name, performance.now() - sent);
      return data;
    } catch (error) {
      if (!(error instanceof OperationFailed)) throw error;
      this.tally.failed(name, error.code);
      throw error;
    }
  }
}

/** What does not tell whether it was done; a purchase may be sent again, for it carries its key. */
const UNDECIDED = /^(CONNECTION_LOST|TIMEOUT|HTTP_50[234])$/;

/** In milliseconds; undefined where coming back is of no use. Spread, for not all to come back at once. */
function pause({ code, extensions }: OperationFailed): number | undefined {
  const advised = UNDECIDED.test(code) ? 1_000 : extensions.retryAfterMs;
  return advised === undefined ? undefined : advised * (1 + Math.random() / 2);
}
