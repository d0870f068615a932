import { randomUUID } from 'node:crypto';
import { ONE_SHOW, PURCHASE, SHOWS } from './documents.js';
import type { HttpAnswer, HttpRequest } from './http-connection.js';

/** What a load does again and again; plain data, since it is sent to another process. */
export type Work =
  /** One free ticket of a target picked at random, each time by a new buyer. */
  | { readonly kind: 'purchase'; readonly targets: readonly Target[] }
  /** The first page of shows; as one of the viewers, in turn, where there are tokens. */
  | { readonly kind: 'shows'; readonly tokens?: readonly string[] }
  /** One of these shows, picked at random. */
  | { readonly kind: 'show'; readonly showIds: readonly number[] };

export interface Target {
  readonly showId: number;
  readonly ticketId: number;
}

/** What one request was answered: what was asked for, or a refusal by its code. Anything else is thrown. */
export type Outcome = 'ok' | (typeof REFUSALS)[number];

const REFUSALS = ['INVENTORY_BUSY', 'SOLD_OUT'] as const;

export interface Requests {
  next(): HttpRequest;
  /** @throws when the answer is not a right one. */
  check(answer: HttpAnswer): Outcome;
}

const HEADERS = { 'content-type': 'application/json' };
const PURCHASED =
  /^\{"data":\{"purchaseTickets":\{"order":\{"id":"[\da-f-]{36}","reference":"[^"]+","status":"CONFIRMED"\},"accessToken":"[^"]+"\}\}\}\s*$/;
/** Every answer is looked at as text; one of so many is read as a whole, which costs more than asking for it. */
const READ_EVERY = 50;
const PAGE = 20;

export function requestsOf(work: Work): Requests {
  switch (work.kind) {
    case 'purchase':
      return purchases(work.targets);
    case 'shows':
      return pages(work.tokens);
    case 'show':
      return shows(work.showIds);
  }
}

function purchases(targets: readonly Target[]): Requests {
  const run = randomUUID().slice(0, 8);
  let count = 0;
  return {
    next() {
      count += 1;
      const { showId, ticketId } = oneOf(targets);
      return post(PURCHASE, {
        input: {
          showId: String(showId),
          items: [{ ticketId: String(ticketId), quantity: 1 }],
          email: `buyer-${run}-${count}@example.com`,
          idempotencyKey: randomUUID(),
        },
      });
    },
    check({ status, body }) {
      const text = body.toString('latin1');
      if (status === 200 && PURCHASED.test(text)) return 'ok';
      const refusal = REFUSALS.find((code) => text.includes(`"code":"${code}"`));
      if (refusal === undefined) throw wrong(status, text);
      return refusal;
    },
  };
}

function pages(tokens: readonly string[] = []): Requests {
  const requests =
    tokens.length === 0
      ? [post(SHOWS, {})]
      : tokens.map((token) => post(SHOWS, {}, { ...HEADERS, authorization: `Bearer ${token}` }));
  let count = 0;
  return {
    next: () => {
      count += 1;
      return requests[count % requests.length] as HttpRequest;
    },
    check: checkedData('{"data":{"shows":{"nodes":[{"id":"', (data) => {
      const { shows } = data as { shows: { nodes: unknown[]; pageInfo: { hasNextPage: boolean } } };
      return shows.nodes.length === PAGE && shows.nodes.every(isWhole) && shows.pageInfo.hasNextPage;
    }),
  };
}

function shows(showIds: readonly number[]): Requests {
  const requests = showIds.map((id) => post(ONE_SHOW, { id: String(id) }));
  return {
    next: () => oneOf(requests),
    check: checkedData('{"data":{"show":{"id":"', (data) => isWhole((data as { show: unknown }).show)),
  };
}

function isWhole(node: unknown): boolean {
  const show = node as { title: string; producer: { name: string }; tickets: { available: number }[] };
  return (
    show.title.length > 0 &&
    show.producer.name.length > 0 &&
    show.tickets.length >= 3 &&
    show.tickets.every(({ available }) => Number.isInteger(available))
  );
}

function checkedData(start: string, isRight: (data: unknown) => boolean): Requests['check'] {
  let count = 0;
  return ({ status, body }) => {
    count += 1;
    const begins = body.toString('latin1', 0, start.length) === start;
    if (status !== 200 || !begins || body.includes('"errors"')) throw wrong(status, body.toString());
    if (count % READ_EVERY === 1) {
      const { data } = JSON.parse(body.toString()) as { data: unknown };
      if (!isRight(data)) throw wrong(status, body.toString());
    }
    return 'ok';
  };
}

function post(query: string, variables: object, headers: Readonly<Record<string, string>> = HEADERS) {
  return { method: 'POST', path: '/graphql', headers, body: JSON.stringify({ query, variables }) } as const;
}

function oneOf<Item>(items: readonly Item[]): Item {
  return items[Math.floor(Math.random() * items.length)] as Item;
}

function wrong(status: number, text: string): Error {
  return new Error(`A wrong answer, with status ${status}:\n${text.slice(0, 1_000)}`);
}
