/** One GraphQL operation sent as some user. Throws when the answer has errors. */
export type Call = <Data>(document: string, variables: Readonly<Record<string, unknown>>) => Promise<Data>;

export interface NewTicket {
  readonly name: string;
  /** Minor units; 0 is free. */
  readonly price: number;
  readonly quantity: number;
  readonly currency?: string;
  readonly salesStartAt?: string;
  readonly salesEndAt?: string;
  readonly minPerOrder?: number;
  readonly maxPerOrder?: number;
}

export interface NewShow {
  readonly title: string;
  readonly startsAt: string;
  readonly endsAt?: string;
  readonly timeZone: string;
  readonly description?: string;
  readonly venue?: string;
}

export interface Session {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly user: { readonly id: string; readonly email: string };
}

export interface Producer {
  readonly id: string;
  readonly name: string;
  readonly canAcceptPayments: boolean;
}

export interface Ticket {
  readonly id: string;
  readonly name: string;
  readonly price: { readonly amount: number; readonly currency: string };
  readonly available: number;
}

export interface Show {
  readonly id: string;
  readonly title: string;
  readonly tickets: readonly Ticket[];
}

const SESSION = '{ accessToken refreshToken user { id email } }';
const PRODUCER = '{ id name canAcceptPayments }';
const TICKET = '{ id name price { amount currency } available }';

export async function signUp(
  call: Call,
  input: { readonly email: string; readonly password: string; readonly name?: string },
): Promise<Session> {
  const document = `mutation SignUp($input: SignUpInput!) { session: signUp(input: $input) ${SESSION} }`;
  return (await call<{ session: Session }>(document, { input })).session;
}

export async function signIn(
  call: Call,
  input: { readonly email: string; readonly password: string },
): Promise<Session> {
  const document = `mutation SignIn($input: SignInInput!) { session: signIn(input: $input) ${SESSION} }`;
  return (await call<{ session: Session }>(document, { input })).session;
}

export async function createProducer(call: Call, name: string): Promise<Producer> {
  const document = `mutation CreateProducer($input: CreateProducerInput!) {
    producer: createProducer(input: $input) ${PRODUCER}
  }`;
  return (await call<{ producer: Producer }>(document, { input: { name } })).producer;
}

/** The producers that the caller sells for. */
export async function ownProducers(call: Call): Promise<readonly Producer[]> {
  const { viewer } = await call<{ viewer: { producers: readonly Producer[] } }>(
    `query OwnProducers { viewer { producers ${PRODUCER} } }`,
    {},
  );
  return viewer.producers;
}

/** @returns the address of Stripe's onboarding pages. */
export async function connectStripeAccount(
  call: Call,
  producerId: string,
  returnUrl: string,
): Promise<string> {
  const { onboarding } = await call<{ onboarding: { url: string } }>(
    `mutation Connect($producerId: ID!, $returnUrl: String!) {
      onboarding: connectStripeAccount(producerId: $producerId, returnUrl: $returnUrl, refreshUrl: $returnUrl) { url }
    }`,
    { producerId, returnUrl },
  );
  return onboarding.url;
}

/** A show that is on sale as far as its tickets' own windows allow. Its tickets come in the order given. */
export async function createPublishedShow(
  call: Call,
  producerId: string,
  show: NewShow,
  tickets: readonly NewTicket[],
): Promise<Show> {
  const { created } = await call<{ created: { id: string } }>(
    'mutation CreateShow($input: CreateShowInput!) { created: createShow(input: $input) { id } }',
    { input: { producerId, ...show } },
  );
  for (const input of tickets) await createTicket(call, created.id, input);
  const document = `mutation Publish($id: ID!) { show: publishShow(id: $id) { id title tickets ${TICKET} } }`;
  return (await call<{ show: Show }>(document, { id: created.id })).show;
}

export async function createTicket(call: Call, showId: string, input: NewTicket): Promise<Ticket> {
  const document = `mutation CreateTicket($showId: ID!, $input: CreateTicketInput!) {
    ticket: createTicket(showId: $showId, input: $input) ${TICKET}
  }`;
  return (await call<{ ticket: Ticket }>(document, { showId, input })).ticket;
}
