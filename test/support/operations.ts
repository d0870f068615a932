/** Every operation of the schema once, as a document whose variables are named as its arguments are. */
export const OPERATIONS = {
  'Query.viewer': '{ viewer { id email } }',
  'Query.show':
    'query ($id: ID!) { show(id: $id) { id title status tickets { id held } producer { balance { amount } sales { gross } } } }',
  'Query.shows': `query ($first: Int, $after: String, $filter: ShowFilter) {
    shows(first: $first, after: $after, filter: $filter) { nodes { id title } totalCount }
  }`,
  'Query.ticket': 'query ($id: ID!) { ticket(id: $id) { id name quantity held sold } }',
  'Query.order': `query ($id: ID!, $accessToken: String) {
    order(id: $id, accessToken: $accessToken) { id email status payments { id fee { amount } net { amount } } disputes { id } }
  }`,
  'Query.orders': `query ($first: Int, $after: String) {
    orders(first: $first, after: $after) { nodes { id } totalCount }
  }`,
  'Query.webhookEvents': `query ($first: Int, $after: String, $filter: WebhookEventFilter) {
    webhookEvents(first: $first, after: $after, filter: $filter) {
      nodes { id account type objectId orderId outcome deliveries attempts lastError receivedAt }
      totalCount
      pageInfo { hasNextPage endCursor }
    }
  }`,
  'Mutation.replayWebhookEvent': `mutation ($id: ID!, $account: String) {
    replayWebhookEvent(id: $id, account: $account) { id outcome deliveries attempts lastError }
  }`,
  'Mutation.replayFailedWebhookEvents': 'mutation { replayFailedWebhookEvents { id outcome attempts } }',
  'Query.inventoryAudit': '{ inventoryAudit { description } }',
  'Query.auditLog': `query ($producerId: ID, $first: Int, $after: String) {
    auditLog(producerId: $producerId, first: $first, after: $after) {
      nodes { id action actorId subjectType subjectId details occurredAt }
      totalCount
      pageInfo { hasNextPage hasPreviousPage endCursor }
    }
  }`,
  'Query.ledgerAudit': `query ($from: DateTime, $to: DateTime, $orderId: ID, $first: Int! = 25, $after: String) {
    ledgerAudit(from: $from, to: $to, orderId: $orderId, first: $first, after: $after) {
      orders endCursor hasNextPage differences { orderId what stripeId recorded atStripe }
    }
  }`,
  'Query.exportBuyer': 'query ($email: String) { exportBuyer(email: $email) }',
  'Mutation.eraseBuyer':
    'mutation ($email: String) { eraseBuyer(email: $email) { orders attendees accountErased } }',
  'Mutation.signUp':
    'mutation ($input: SignUpInput!) { signUp(input: $input) { user { id name } refreshToken } }',
  'Mutation.signIn': 'mutation ($input: SignInInput!) { signIn(input: $input) { user { id } refreshToken } }',
  'Mutation.refreshSession': `mutation ($refreshToken: String!) {
    refreshSession(refreshToken: $refreshToken) { user { id } refreshToken }
  }`,
  'Mutation.createProducer':
    'mutation ($input: CreateProducerInput!) { createProducer(input: $input) { id name } }',
  'Mutation.connectStripeAccount': `mutation ($producerId: ID!, $returnUrl: String!, $refreshUrl: String!) {
    connectStripeAccount(producerId: $producerId, returnUrl: $returnUrl, refreshUrl: $refreshUrl) { url }
  }`,
  'Mutation.setPlatformFee': `mutation ($producerId: ID!, $percent: Float) {
    setPlatformFee(producerId: $producerId, percent: $percent) { percent isOwn }
  }`,
  'Mutation.createShow': `mutation ($input: CreateShowInput!) {
    createShow(input: $input) { id title description venue status }
  }`,
  'Mutation.publishShow': 'mutation ($id: ID!) { publishShow(id: $id) { id status } }',
  'Mutation.createTicket': `mutation ($showId: ID!, $input: CreateTicketInput!) {
    createTicket(showId: $showId, input: $input) { id name quantity minPerOrder maxPerOrder price { amount currency } }
  }`,
  'Mutation.updateTicket': `mutation ($id: ID!, $input: UpdateTicketInput!) {
    updateTicket(id: $id, input: $input) {
      id name quantity salesStartAt salesEndAt minPerOrder maxPerOrder price { amount currency }
    }
  }`,
  'Mutation.purchaseTickets': `mutation ($input: PurchaseTicketsInput!) {
    purchaseTickets(input: $input) { accessToken checkoutUrl order { id status email } }
  }`,
  'Mutation.completeCheckout': `mutation ($sessionId: String!) {
    completeCheckout(sessionId: $sessionId) { id status email }
  }`,
  'Mutation.createCheckout': `mutation ($orderId: ID!, $accessToken: String) {
    createCheckout(orderId: $orderId, accessToken: $accessToken) { checkoutUrl accessToken order { id status } }
  }`,
  'Mutation.cancelOrder': `mutation ($id: ID!, $accessToken: String) {
    cancelOrder(id: $id, accessToken: $accessToken) { id status }
  }`,
  'Mutation.refundOrder': `mutation ($input: RefundOrderInput!) {
    refundOrder(input: $input) { id status note amount { amount } order { id } attendees { id } }
  }`,
  'Mutation.retryRefund': 'mutation ($id: ID!) { retryRefund(id: $id) { id status } }',
  'Mutation.cancelShow': `mutation ($id: ID!, $reason: String) {
    cancelShow(id: $id, reason: $reason) { id status cancellation { reason } }
  }`,
  'Subscription.inventoryChanged': `subscription ($showId: ID!) {
    inventoryChanged(showId: $showId) { showId tickets { ticketId available } }
  }`,
  'Subscription.orderUpdated': `subscription ($id: ID!, $accessToken: String) {
    orderUpdated(id: $id, accessToken: $accessToken) { id status }
  }`,
} as const;

export type OperationName = keyof typeof OPERATIONS;
