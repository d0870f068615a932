import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type Stripe from 'stripe';
import { type Purchase, purchase } from '../support/fixtures.js';
import { metric } from '../support/metrics.js';
import { settlesAs } from '../support/order-life.js';
import { traces } from '../support/row-counts.js';
import { sessionIn } from '../support/stripe.js';
import { bodyOf, eventAbout, postWebhook, signature, storedEvents } from '../support/webhooks.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
let bought: Purchase;
let event: Stripe.Event;
let body: string;
let secret: string;

/** A paid order that the server has not heard of. */
beforeAll(async () => {
  world = await startWorld();
  const { show } = await world.sell({ tickets: [{ price: 2500, quantity: 10 }] });
  const items = [{ ticketId: show.tickets[0]!.id, quantity: 2 }];
  bought = await purchase(world.server, { showId: show.id, items });
  await world.stripe.webhooks.pause();
  await world.stripe.pay(sessionIn(bought.checkoutUrl));
  event = await eventAbout(world, 'checkout.session.completed', sessionIn(bought.checkoutUrl));
  body = bodyOf(event);
  secret = world.stripe.access.webhookSecret;
});
afterAll(async () => world.close());

const flipped = (text: string, at: number) =>
  `${text.slice(0, at)}${text[at] === 'a' ? 'b' : 'a'}${text.slice(at + 1)}`;

const now = () => Math.floor(Date.now() / 1000);

function withBitFlipped(bytes: Buffer, at: number, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = copy[at]! ^ (1 << bit);
  return copy;
}

/** Every byte of the header in turn becomes each of these; those that HTTP cannot carry are left out. */
function headersWithOneByteChanged(header: string): string[] {
  return [...header].flatMap((was, at) =>
    ['0', '1', 'a', 'v', ',', '=', '~', String.fromCharCode(was.charCodeAt(0) ^ 1)]
      .filter((byte) => byte !== was)
      .map((byte) => `${header.slice(0, at)}${byte}${header.slice(at + 1)}`),
  );
}

interface Forgery {
  readonly what: string;
  readonly make: () => { body: string; header: string | undefined; path?: string };
}

const FORGERIES: Forgery[] = [
  {
    what: 'signed with another secret',
    make: () => ({ body, header: signature(body, 'whsec_forged') }),
  },
  {
    what: 'signed with the secret of the other endpoint',
    make: () => ({ body, header: signature(body, world.stripe.access.connectWebhookSecret) }),
  },
  {
    what: 'sent to the other endpoint',
    make: () => ({ body, header: signature(body, secret), path: '/webhooks/stripe/connect' }),
  },
  {
    what: 'with one byte of the body flipped',
    make: () => ({ body: flipped(body, body.indexOf('cs_test_') + 12), header: signature(body, secret) }),
  },
  {
    what: 'with one digit of the signature flipped',
    make: () => {
      const header = signature(body, secret);
      return { body, header: flipped(header, header.indexOf('v1=') + 20) };
    },
  },
  {
    what: 'whose instant was changed to a fresh one',
    make: () => {
      const old = signature(body, secret, Date.now() - 3_600_000);
      return { body, header: old.replace(/t=\d+/, `t=${now()}`) };
    },
  },
  { what: 'without a signature', make: () => ({ body, header: undefined }) },
  { what: 'with an empty signature', make: () => ({ body, header: '' }) },
  { what: 'with a signature that is none', make: () => ({ body, header: 'Bearer of good news' }) },
  {
    what: 'with a signature of a scheme that is not v1',
    make: () => ({ body, header: signature(body, secret).replace('v1=', 'v0=') }),
  },
  {
    what: 're-serialised',
    make: () => ({ body: JSON.stringify(JSON.parse(body)), header: signature(body, secret) }),
  },
  {
    what: 'signed 301 seconds ago',
    make: () => ({ body, header: signature(body, secret, Date.now() - 301_000) }),
  },
  ...['t', 'v1', 't=', 'v1=', 't=1', 'v1=\u00e9', 't=1,v1', ','].map((header) => ({
    what: `with a signature that is cut off: ${JSON.stringify(header)}`,
    make: () => ({ body, header: header.startsWith('t') ? header : `t=${now()},${header}` }),
  })),
  {
    what: 'with a signature of the right length in letters of another alphabet',
    make: () => ({ body, header: `t=${now()},v1=${'\u00e9'.repeat(64)}` }),
  },
];

describe('a webhook that did not come from Stripe as it is', () => {
  it.each(FORGERIES)('is answered 400 and changes nothing: $what', async ({ make }) => {
    const before = await traces(world);
    const events = await storedEvents(world);
    const forged = await metric(world.server, 'boxoffice_webhooks_total', { outcome: 'bad_signature' });
    const attempt = make();
    const answer = await postWebhook(world.server, attempt.body, attempt.header, attempt.path);
    expect(answer.status).toBe(400);
    expect(await traces(world)).toEqual(before);
    expect(await storedEvents(world)).toEqual(events);
    expect(await metric(world.server, 'boxoffice_webhooks_total', { outcome: 'bad_signature' })).toBe(
      forged + 1,
    );
  });

  it.each([
    ['empty', () => ''],
    ['no JSON', () => `${body}}`],
    ['no object', () => '17'],
    ['null', () => 'null'],
    ['an empty object', () => '{}'],
    ['an event without an object', () => bodyOf({ ...event, data: {} })],
    ['an event whose id is none', () => bodyOf({ ...event, id: "evt_' or 1=1 --" })],
    [
      'an event of a kind that only points at an object',
      () => bodyOf({ ...event, object: 'v2.core.event', data: undefined }),
    ],
  ])('is answered 400 and changes nothing where it is signed well, but is %s', async (_what, make) => {
    const before = [await traces(world), await storedEvents(world)];
    const malformed = await metric(world.server, 'boxoffice_webhooks_total', { outcome: 'malformed' });
    const signed = make();
    expect((await postWebhook(world.server, signed, signature(signed, secret))).status).toBe(400);
    expect([await traces(world), await storedEvents(world)]).toEqual(before);
    expect(await metric(world.server, 'boxoffice_webhooks_total', { outcome: 'malformed' })).toBe(
      malformed + 1,
    );
  });

  it('is answered 400 and changes nothing, whichever byte of body or signature was flipped, in whichever way', async () => {
    const before = [await traces(world), await storedEvents(world)];
    const forged = await metric(world.server, 'boxoffice_webhooks_total', { outcome: 'bad_signature' });
    const compact = JSON.stringify(event);
    const header = signature(compact, secret);
    const bytes = Buffer.from(compact);
    const forgeries = [
      ...[...bytes.keys()].map((at) => ({ body: withBitFlipped(bytes, at, at % 8), header })),
      ...headersWithOneByteChanged(header).map((changed) => ({ body: bytes, header: changed })),
    ];
    const statuses = new Map<number, number>();
    for (let start = 0; start < forgeries.length; start += 32) {
      const some = forgeries.slice(start, start + 32);
      const answers = await Promise.all(
        some.map((forgery) => postWebhook(world.server, forgery.body, forgery.header)),
      );
      for (const { status } of answers) statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    expect([...statuses]).toEqual([[400, forgeries.length]]);
    expect([await traces(world), await storedEvents(world)]).toEqual(before);
    expect(await metric(world.server, 'boxoffice_webhooks_total', { outcome: 'bad_signature' })).toBe(
      forged + forgeries.length,
    );
  });

  it('is answered 400 where bytes that no text shows were put before it', async () => {
    const marked = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(body)]);
    expect((await postWebhook(world.server, marked, signature(body, secret))).status).toBe(400);
    expect(await storedEvents(world, event.id)).toEqual([]);
  });

  it.each([
    ['text/plain', 400],
    ['application/x-www-form-urlencoded', 400],
    ['application/octet-stream', 400],
    ['nonsense', 415],
  ])('is told by its signature, whatever its content type: %s', async (contentType, status) => {
    const forged = signature(body, 'whsec_forged');
    const path = '/webhooks/stripe';
    expect((await postWebhook(world.server, body, forged, path, contentType)).status).toBe(status);
    expect(await storedEvents(world, event.id)).toEqual([]);
  });

  it('is not read beyond 256 kB', async () => {
    const large = bodyOf({ ...event, padding: 'x'.repeat(256 * 1024) });
    const answer = await postWebhook(world.server, large, signature(large, secret));
    expect(answer.status).toBe(413);
    expect(await storedEvents(world, event.id)).toEqual([]);
  });
});

describe('the event itself', () => {
  it('is applied after all the forgeries, also when its signature is a few minutes old', async () => {
    const header = signature(body, secret, Date.now() - 200_000);
    expect((await postWebhook(world.server, body, header)).status).toBe(200);
    expect(await storedEvents(world, event.id)).toMatchObject([{ account: '', outcome: 'applied' }]);
    await settlesAs(world, bought.order.id, 'CONFIRMED', 'PAID');
  });
});
