import { eventually } from '../../dev/eventually.js';
import {
  type Call,
  connectStripeAccount,
  createProducer,
  createPublishedShow,
  ownProducers,
  type Show,
  signUp,
} from '../../dev/seller.js';
import { dataOf } from './http.js';
import type { TicketKind } from './plan.js';
import type { World } from './world.js';

const MONTH_MS = 30 * 24 * 60 * 60 * 1_000;
const ONBOARDED_MS = 30_000;

/** A producer that Stripe pays. @returns what puts its show on sale from an instant on */
export async function openBoxOffice(
  world: World,
): Promise<(kinds: readonly TicketKind[], opensAt: number) => Promise<Show>> {
  const send = (token?: string) => callTo(world.proxies.urls[0] as string, token);
  const { accessToken } = await signUp(send(), {
    email: 'producer@boxoffice.example',
    password: 'a long password for the sale',
  });
  const call = send(accessToken);
  const producer = await createProducer(call, 'The company');
  const page = await connectStripeAccount(call, producer.id, 'https://shop.example/connected');
  await world.stripe.completeOnboarding(new URL(page).pathname.split('/')[2] as string);
  await eventually(
    'Stripe says that the producer may be paid',
    async () => (await ownProducers(call)).some(({ canAcceptPayments }) => canAcceptPayments),
    ONBOARDED_MS,
  );
  return (kinds, opensAt) =>
    createPublishedShow(
      call,
      producer.id,
      {
        title: 'The one night',
        startsAt: new Date(Date.now() + MONTH_MS).toISOString(),
        timeZone: 'Europe/Berlin',
        venue: 'Harbour arena',
      },
      kinds.map((kind) => ({ ...kind, currency: 'EUR', salesStartAt: new Date(opensAt).toISOString() })),
    );
}

function callTo(url: string, token: string | undefined): Call {
  return async (query, variables) => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({ query, variables }),
    });
    const body = Buffer.from(await response.arrayBuffer());
    return dataOf({ status: response.status, head: '', body });
  };
}
