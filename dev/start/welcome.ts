import { join } from 'node:path';
import { DEMO_USER, type Demo } from '../demo.js';
import type { Show } from '../seller.js';
import type { Instance } from './instance.js';

export interface WelcomeOptions {
  readonly instance: Instance;
  readonly demo: Demo;
  /** Undefined with a real Stripe account. */
  readonly stripeUrl: string | undefined;
  readonly databaseUrl: string;
  /** Where the mails go, in words. */
  readonly mail: string;
}

const PURCHASE =
  'mutation($input: PurchaseTicketsInput!) { purchaseTickets(input: $input) ' +
  '{ checkoutUrl accessToken order { id reference status attendees { code } } } }';

/** What a newcomer needs to buy the first ticket; the last thing that a start prints. */
export function welcome({ instance, demo, stripeUrl, databaseUrl, mail }: WelcomeOptions): string {
  const { publicUrl, shownDirectory } = instance;
  const links: Array<[string, string]> = [
    ['GraphiQL', `${publicUrl}/graphiql`],
    ['GraphQL', `${publicUrl}/graphql`],
    ['Subscriptions', `${publicUrl.replace(/^http/, 'ws')}/graphql  (graphql-transport-ws)`],
    ['Demo producer', `${DEMO_USER.email}  password: ${DEMO_USER.password}`],
    [
      'Stripe',
      stripeUrl ? `${stripeUrl}  (a local one: no money, no account)` : 'the account of STRIPE_SECRET_KEY',
    ],
    ['Mail', mail],
    ['Database', databaseUrl],
    ['Logs', join(shownDirectory, '*.log')],
  ];
  const width = Math.max(...links.map(([name]) => name.length));
  return [
    '',
    'Boxoffice is open.',
    '',
    ...links.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`),
    '',
    `Get two free tickets for "${demo.free.title}"; paste this into another terminal:`,
    '',
    purchaseCommand(publicUrl, demo.free, 2),
    '',
    ...paidPurchase(publicUrl, demo),
    'Ctrl-C stops everything.',
    '',
  ].join('\n');
}

function paidPurchase(publicUrl: string, demo: Demo): string[] {
  if (!demo.canAcceptPayments) {
    return [
      "To sell paid tickets, the demo producer has to finish Stripe's onboarding: sign in as it and use",
      'connectStripeAccount in GraphiQL.',
      '',
    ];
  }
  return [
    `Buy one for "${demo.paid.title}"; open the checkoutUrl of the answer in a browser and pay there:`,
    '',
    purchaseCommand(publicUrl, demo.paid, 1),
    '',
  ];
}

/** A line for a POSIX shell: the body holds no single quote, so single quotes keep it whole. */
function purchaseCommand(publicUrl: string, show: Show, quantity: number): string {
  const items = [{ ticketId: show.tickets[0]!.id, quantity }];
  const variables = { input: { showId: show.id, items, email: 'you@example.com', name: 'You' } };
  const body = JSON.stringify({ query: PURCHASE, variables });
  return `curl -s ${publicUrl}/graphql -H 'content-type: application/json' -d '${body}'`;
}
