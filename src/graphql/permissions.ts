/**
 * Who may do what, in one place. The schema is not made without a rule for each of its operations and fields, and
 * `test/integration/permissions.test.ts` tries every rule as everybody, with what belongs to others.
 *
 * | audience | who |
 * | --- | --- |
 * | everybody | anybody, for what is public; drafts are for their producer's team alone |
 * | bearer | whoever has the secret that is sent along: credentials, a token, a Checkout Session |
 * | readers | of an order: the account that bought it, its producer's team, and whoever bears its access token |
 * | account | whoever is signed in, for what is theirs; operators where an e-mail address can be named instead |
 * | team | the producer's team; others are told FORBIDDEN, or NOT_FOUND of what they may not know of |
 * | operators | those who run the platform |
 */
export type Audience = 'everybody' | 'bearer' | 'readers' | 'account' | 'team' | 'operators';

/** The decision itself is the service's, which knows whose an object is; here is what it has to come to. */
export const OPERATIONS: Readonly<Record<string, Audience>> = {
  'Query.viewer': 'everybody',
  'Query.show': 'everybody',
  'Query.shows': 'everybody',
  'Query.ticket': 'everybody',
  'Query.order': 'readers',
  'Query.orders': 'account',
  'Query.exportBuyer': 'account',
  'Query.auditLog': 'operators',
  'Query.inventoryAudit': 'operators',
  'Query.ledgerAudit': 'operators',
  'Query.webhookEvents': 'operators',
  'Mutation.signUp': 'everybody',
  'Mutation.signIn': 'bearer',
  'Mutation.refreshSession': 'bearer',
  'Mutation.createProducer': 'account',
  'Mutation.connectStripeAccount': 'team',
  'Mutation.createShow': 'team',
  'Mutation.publishShow': 'team',
  'Mutation.cancelShow': 'team',
  'Mutation.createTicket': 'team',
  'Mutation.updateTicket': 'team',
  'Mutation.refundOrder': 'team',
  'Mutation.retryRefund': 'team',
  'Mutation.purchaseTickets': 'everybody',
  'Mutation.createCheckout': 'readers',
  'Mutation.completeCheckout': 'bearer',
  'Mutation.cancelOrder': 'readers',
  'Mutation.eraseBuyer': 'account',
  'Mutation.setPlatformFee': 'operators',
  'Mutation.replayWebhookEvent': 'operators',
  'Mutation.replayFailedWebhookEvents': 'operators',
  'Subscription.inventoryChanged': 'everybody',
  'Subscription.orderUpdated': 'readers',
};

/** Audiences that nobody is of without signing in: they are told UNAUTHENTICATED before anything is looked up. */
export const SIGNED_IN: ReadonlySet<Audience> = new Set<Audience>(['account', 'team', 'operators']);

/**
 * Fields by type. `all`: for whoever was given the object. `team`: null for whoever is not of the producer's team.
 * `ownersAndOperators`: null for whoever is neither an owner of the producer nor an operator.
 */
export const FIELDS: Readonly<Record<string, Readonly<Partial<Record<FieldAudience, string>>>>> = {
  User: { all: 'id email name producers' },
  AuthPayload: { all: 'user accessToken accessTokenExpiresAt refreshToken' },
  Producer: {
    all: 'id name canAcceptPayments',
    team: 'balance sales',
    ownersAndOperators: 'auditLog',
  },
  StripeOnboarding: { all: 'url producer' },
  PlatformFee: { all: 'producer percent isOwn' },
  Show: {
    all: 'id title description venue timeZone startsAt endsAt status producer tickets',
    team: 'cancellation',
  },
  ShowCancellation: { all: 'reason status ordersTotal ordersDone startedAt finishedAt refundsFailed' },
  Ticket: {
    all: 'id name price available show status salesStartAt salesEndAt minPerOrder maxPerOrder',
    team: 'quantity held sold',
  },
  Order: {
    all: 'id reference email status paymentStatus createdAt expiresAt confirmedAt total checkoutUrl payments show lines attendees refunds',
    team: 'disputes',
  },
  OrderLine: { all: 'id quantity ticket unitPrice attendees' },
  Attendee: { all: 'id name email status code checkedInAt ticket' },
  Payment: { all: 'id amount createdAt', team: 'fee net' },
  Refund: {
    all: 'id reason note restock status failureReason createdAt settledAt amount order attendees',
  },
  Dispute: { all: 'id reason status evidenceDueBy createdAt closedAt amount' },
  PurchaseTicketsPayload: { all: 'order checkoutUrl accessToken' },
  BuyerErasure: { all: 'orders attendees accountErased' },
  InventoryUpdate: { all: 'showId tickets sentAt' },
  TicketInventory: { all: 'ticketId available status version' },
  Money: { all: 'amount currency' },
  MoneyTotal: { all: 'amount currency' },
  SalesFigures: { all: 'currency gross refunded fees disputed net orders tickets' },
  AuditLogEntry: { all: 'id action actorId subjectType subjectId details occurredAt' },
  AuditDifference: { all: 'description' },
  LedgerAudit: { all: 'differences orders endCursor hasNextPage' },
  LedgerDifference: { all: 'orderId what stripeId recorded atStripe' },
  WebhookEvent: {
    all: 'id account type objectId orderId endpoint outcome deliveries attempts lastError createdAt receivedAt processedAt',
  },
  PageInfo: { all: 'hasNextPage hasPreviousPage startCursor endCursor' },
  ...connections('Show', 'Order', 'WebhookEvent', 'AuditLog'),
};

export type FieldAudience = 'all' | 'team' | 'ownersAndOperators';

function connections(...names: string[]) {
  return Object.fromEntries(
    names.flatMap((name) => [
      [`${name}Connection`, { all: 'edges nodes pageInfo totalCount' }],
      [`${name}Edge`, { all: 'node cursor' }],
    ]),
  );
}

/** Who sees a field, e.g. `Ticket.held`; undefined where nobody has said. */
export function audienceOf(type: string, field: string): FieldAudience | undefined {
  const rules = Object.entries(FIELDS[type] ?? {}) as [FieldAudience, string][];
  return rules.find(([, fields]) => fields.split(' ').includes(field))?.[0];
}
