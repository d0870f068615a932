/**
 * The operations that GraphiQL opens with. No React and no DOM in here, so that a test can check each of
 * them against the schema.
 */
export interface ReadyTab {
  /** One document; where it holds several operations GraphiQL runs the one under the cursor. */
  readonly query: string;
  /** Values for every operation of the document; a server ignores those that an operation does not declare. */
  readonly variables?: Readonly<Record<string, unknown>>;
}

const browse: ReadyTab = {
  query: `# What is on, and what is left of it. No account needed.
query Browse {
  shows(first: 10) {
    totalCount
    nodes {
      id
      title
      venue
      startsAt
      timeZone
      status
      producer {
        name
      }
      tickets {
        id
        name
        price {
          amount
          currency
        }
        available
        status
        maxPerOrder
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`,
};

const buy: ReadyTab = {
  query: `# Holds tickets for you. Open checkoutUrl to pay;
# it is null where nothing is to be paid.
# Keep accessToken: it reads and cancels this order,
# see order(id, accessToken) and cancelOrder.
mutation Buy($input: PurchaseTicketsInput!) {
  purchaseTickets(input: $input) {
    checkoutUrl
    accessToken
    order {
      id
      reference
      status
      paymentStatus
      expiresAt
      total {
        amount
        currency
      }
      lines {
        quantity
        unitPrice {
          amount
        }
        ticket {
          name
          available
        }
      }
    }
  }
}
`,
  variables: {
    input: {
      showId: '1',
      email: 'buyer@example.com',
      name: 'Ada Buyer',
      items: [{ ticketId: '1', quantity: 2 }],
    },
  },
};

const watch: ReadyTab = {
  query: `# First the whole show, then what changes, as it changes.
# Leave it running and buy in a second browser window:
# changing tabs in this one ends it.
subscription Watch($showId: ID!) {
  inventoryChanged(showId: $showId) {
    showId
    sentAt
    tickets {
      ticketId
      available
      status
      version
    }
  }
}
`,
  variables: { showId: '1' },
};

const sell: ReadyTab = {
  query: `# Run these from top to bottom: put the cursor into one
# and press Ctrl-Enter. After the first, put accessToken
# behind "Bearer" under Headers; put the ids that you get
# into Variables.
mutation SellSignIn($signIn: SignInInput!) {
  signIn(input: $signIn) {
    accessToken
    accessTokenExpiresAt
    user {
      email
      producers {
        id
        name
        canAcceptPayments
      }
    }
  }
}

mutation SellCreateProducer($producer: CreateProducerInput!) {
  createProducer(input: $producer) {
    id
    name
    canAcceptPayments
  }
}

# Open url to finish Stripe's onboarding. Free tickets
# need none of it.
mutation SellConnectStripe($producerId: ID!, $returnUrl: String!) {
  connectStripeAccount(producerId: $producerId, returnUrl: $returnUrl, refreshUrl: $returnUrl) {
    url
  }
}

mutation SellCreateShow($show: CreateShowInput!) {
  createShow(input: $show) {
    id
    title
    status
  }
}

mutation SellCreateTicket($showId: ID!, $ticket: CreateTicketInput!) {
  createTicket(showId: $showId, input: $ticket) {
    id
    name
    quantity
    available
    status
  }
}

mutation SellPublishShow($showId: ID!) {
  publishShow(id: $showId) {
    id
    status
    tickets {
      id
      status
    }
  }
}
`,
};

/** How far ahead the example show lies: it must not have begun when somebody runs the operation. */
const DAYS_UNTIL_EXAMPLE_SHOW = 30;

/** @param now the present time; the example show starts 30 days after it. */
export function sellVariables(now: Date, origin: string) {
  const startsAt = new Date(now);
  startsAt.setUTCDate(startsAt.getUTCDate() + DAYS_UNTIL_EXAMPLE_SHOW);
  startsAt.setUTCHours(19, 0, 0, 0);
  return {
    signIn: { email: 'demo@boxoffice.example', password: 'demo-box-office' },
    producer: { name: 'My productions' },
    producerId: '1',
    returnUrl: `${origin}/graphiql`,
    show: {
      producerId: '1',
      title: 'My first show',
      venue: 'Town hall',
      timeZone: 'Europe/Berlin',
      startsAt: startsAt.toISOString(),
    },
    showId: '1',
    ticket: { name: 'Standing', price: 1500, currency: 'EUR', quantity: 100 },
  };
}

/**
 * The tabs in the order in which they are shown.
 *
 * @param origin scheme and host of the page, for the URLs that Stripe sends a producer back to.
 */
export function readyTabs(now: Date, origin: string): ReadyTab[] {
  return [browse, buy, watch, { ...sell, variables: sellVariables(now, origin) }];
}
