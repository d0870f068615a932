import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../../../bench/onsale/random.js';
import { type Account, createPublishedShow, type PublishedShow, signUp } from '../../support/fixtures.js';
import { graphql } from '../../support/graphql-client.js';
import type { Cluster } from './cluster.js';

const PLENTY = 1_000_000;
const SCARCE = 8;
/** How often a few more of what is scarce come on sale, in milliseconds: so the last one is always just being sold. */
const DRIP_MS = 300;
const CENTS = 2_500;

/** One of the tickets of the show. */
type Kind = { readonly id: string };
type Item = { readonly ticketId: string; readonly quantity: number };

export interface Cart {
  readonly showId: string;
  readonly items: readonly Item[];
  readonly free: boolean;
}

/** A show with plenty and with scarce tickets, free and paid; and one that nobody buys, but some watch. */
export class Sale {
  private quantities = { paid: SCARCE, free: SCARCE };
  private dripping: Promise<void> | undefined;
  private ended = false;

  private constructor(
    private readonly cluster: Cluster,
    private readonly seller: Account,
    readonly show: PublishedShow,
    readonly quietShow: PublishedShow,
  ) {}

  static async open(cluster: Cluster): Promise<Sale> {
    const { front, stripe } = cluster;
    const seller = await signUp(front);
    const finishOnboarding = (url: string) => stripe.finishOnboarding(url);
    const show = await createPublishedShow(front, seller.token, {
      title: 'Under fire',
      finishOnboarding,
      tickets: [
        { name: 'Free, plenty', price: 0, quantity: PLENTY },
        { name: 'Free, scarce', price: 0, quantity: SCARCE },
        { name: 'Paid, plenty', price: CENTS, quantity: PLENTY },
        { name: 'Paid, scarce', price: CENTS, quantity: SCARCE },
      ],
    });
    const { producerId } = show;
    const quietShow = await createPublishedShow(front, seller.token, {
      title: 'Quiet',
      producerId,
      tickets: [{ quantity: 5 }, { quantity: 7 }],
    });
    return new Sale(cluster, seller, show, quietShow);
  }

  /** What the next buyer wants, who may want several. */
  cart(random: Random): Cart {
    const [plenty, scarce, paidPlenty, paidScarce] = this.show.tickets as unknown as readonly [
      Kind,
      Kind,
      Kind,
      Kind,
    ];
    const chosen = random.weighted<readonly (readonly [Kind, boolean])[]>([
      [[[plenty, true]], 4],
      [[[scarce, true]], 5],
      [[[paidScarce, false]], 4],
      [[[paidPlenty, false]], 2],
      [
        [
          [plenty, true],
          [scarce, true],
        ],
        2,
      ],
      [
        [
          [scarce, true],
          [paidScarce, false],
        ],
        3,
      ],
    ]);
    return {
      showId: this.show.id,
      items: chosen.map(([{ id }]) => ({ ticketId: id, quantity: 1 + Math.floor(random.next() * 2) })),
      free: chosen.every(([, free]) => free),
    };
  }

  /** From now on a few more come on sale again and again. */
  drip(): void {
    this.dripping ??= this.addUntilEnded();
  }

  async end(): Promise<void> {
    this.ended = true;
    await this.dripping;
  }

  private async addUntilEnded(): Promise<void> {
    const [, scarce, , paidScarce] = this.show.tickets;
    while (!this.ended) {
      await delay(DRIP_MS);
      // It says how many there are in all, so that one that failed is made up for by the next.
      this.quantities = { free: this.quantities.free + 3, paid: this.quantities.paid + 1 };
      await this.setQuantity(scarce!.id, this.quantities.free);
      await this.setQuantity(paidScarce!.id, this.quantities.paid);
    }
  }

  private async setQuantity(id: string, quantity: number): Promise<void> {
    const document =
      'mutation More($id: ID!, $input: UpdateTicketInput!) { updateTicket(id: $id, input: $input) { id } }';
    await graphql(
      this.cluster.front,
      document,
      { id, input: { quantity } },
      { token: this.seller.token, signal: AbortSignal.timeout(5_000) },
    ).catch(() => undefined);
  }
}
