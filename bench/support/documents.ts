/** What the load asks for; the same text for the product and for its references. */

export const PURCHASE = `mutation Buy($input: PurchaseTicketsInput!) {
  purchaseTickets(input: $input) { order { id reference status } accessToken }
}`;

const SHOW = `id title venue startsAt status producer { name }
    tickets { id name price { amount currency } available status }`;

export const SHOWS = `query Shows {
  shows(first: 20) {
    nodes { ${SHOW} }
    pageInfo { hasNextPage endCursor }
  }
}`;

export const ONE_SHOW = `query Show($id: ID!) {
  show(id: $id) { ${SHOW} }
}`;

export const INVENTORY = `subscription Inventory($showId: ID!) {
  inventoryChanged(showId: $showId) { showId tickets { ticketId available status version } sentAt }
}`;
