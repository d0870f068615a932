import type Stripe from 'stripe';
import { clientOf } from '../integration/local-stripe-support.js';
import type { World } from './world.js';

/** What Stripe has of one order; amounts in minor units. */
export interface StripeSide {
  /** Sessions that somebody could still pay. */
  readonly openSessions: number;
  readonly charged: number;
  readonly refunded: number;
  readonly refundIds: readonly string[];
  /** What the bank has taken back and not given again. */
  readonly disputed: number;
}

/** Asked of Stripe itself, past all proxies. */
export async function stripeSideOf({ stripe }: Pick<World, 'stripe'>, orderId: string): Promise<StripeSide> {
  const client = clientOf(stripe);
  const sessions = (await client.checkout.sessions.list({ limit: 100 })).data.filter(
    ({ client_reference_id }) => client_reference_id === orderId,
  );
  const intents = sessions.flatMap(({ payment_intent: intent }) =>
    typeof intent === 'string' ? [intent] : [],
  );
  const all = async <Item>(list: (intent: string) => Promise<Stripe.ApiList<Item>>) =>
    (await Promise.all(intents.map(list))).flatMap(({ data }) => data);
  const charges = await all((payment_intent) => client.charges.list({ payment_intent }));
  const refunds = await all((payment_intent) => client.refunds.list({ payment_intent }));
  const disputes = await all((payment_intent) => client.disputes.list({ payment_intent }));
  return {
    openSessions: sessions.filter(({ status }) => status === 'open').length,
    charged: sum(charges.filter(({ status }) => status === 'succeeded').map(({ amount }) => amount)),
    refunded: sum(charges.map(({ amount_refunded }) => amount_refunded)),
    refundIds: refunds.map(({ id }) => id).toSorted(),
    disputed: sum(disputes.filter(({ status }) => status !== 'won').map(({ amount }) => amount)),
  };
}

const sum = (amounts: readonly number[]) => amounts.reduce((total, amount) => total + amount, 0);
