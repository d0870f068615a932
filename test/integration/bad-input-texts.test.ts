import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildSchema, type GraphQLInputType, getNamedType, isInputObjectType, isObjectType } from 'graphql';
import {
  type Account,
  createPublishedShow,
  type OrderView,
  PASSWORD,
  type PublishedShow,
  purchase,
  uniqueEmail,
} from '../support/fixtures.js';
import type { Variables } from '../support/graphql-client.js';
import { operate } from '../support/operate.js';
import { OPERATIONS, type OperationName } from '../support/operations.js';
import { operatorCommand } from '../support/operators.js';
import { startWorld, type World } from '../support/world.js';

/** What PostgreSQL cannot store, what breaks out of other formats, and what is merely long or strange. */
const HOSTILE = [
  ...[
    '\u0000',
    'NUL \u0000 inside',
    '\ud800',
    'half \udc00 a pair',
    '\u0007\u001b[31m',
    '\r\nBcc: x@example.com',
  ],
  ...[
    "' or 1=1 --",
    '"; drop table show; --',
    '%',
    '_',
    '\\',
    '#{7*7}',
    '{{7*7}}',
    '<script>alert(1)</script>',
  ],
  ...[
    '../../etc/passwd',
    '__proto__',
    'constructor',
    '\u202eright to left',
    '\ufeff',
    '😀',
    '\u{10ffff}',
    '\uffff',
  ],
  ...['x'.repeat(10_000), '😀'.repeat(20_000), ' '.repeat(50_000), 'a@'.repeat(20_000), '('.repeat(10_000)],
];
const REFUSALS = ['BAD_USER_INPUT', 'NOT_FOUND', 'UNAUTHENTICATED', 'CONFLICT'];

let world: World;
let seller: Account;
let show: PublishedShow;
let calledOff: string;
let bought: OrderView;
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off' } });
  ({ seller, show } = await world.sell({ tickets: [{ quantity: 100_000 }] }));
  const another = { producerId: show.producerId, tickets: [{}] };
  calledOff = (await createPublishedShow(world.server, seller.token, another)).id;
  const items = [{ ticketId: show.tickets[0]!.id, quantity: 10 }];
  ({ order: bought } = await purchase(world.server, { showId: show.id, items }));
  // No text stops short of what is for operators.
  await operatorCommand(world, 'grant', seller.email);
});
afterAll(() => world.close());

/** Right in every respect; the texts in it are then replaced one by one. */
function rightVariables(name: OperationName): Variables {
  const urls = { returnUrl: 'https://shop.example/', refreshUrl: 'https://shop.example/' };
  const startsAt = '2090-01-01T00:00:00Z';
  const order = { id: '00000000-0000-4000-8000-000000000000', accessToken: 'token' };
  const items = [{ ticketId: show.tickets[0]!.id, quantity: 1 }];
  const variables: Partial<Record<OperationName, Variables>> = {
    'Query.order': order,
    'Mutation.signUp': { input: { email: uniqueEmail(), password: PASSWORD, name: 'A Person' } },
    'Mutation.signIn': { input: { email: uniqueEmail(), password: PASSWORD } },
    'Mutation.createProducer': { input: { name: 'A Producer' } },
    'Mutation.connectStripeAccount': { producerId: show.producerId, ...urls },
    'Mutation.createShow': {
      input: { producerId: show.producerId, title: 'A Show', timeZone: 'UTC', startsAt },
    },
    'Mutation.createTicket': { showId: show.id, input: { name: 'Seat', price: 0, quantity: 1 } },
    'Mutation.updateTicket': { id: show.tickets[0]!.id, input: {} },
    'Mutation.purchaseTickets': { input: { showId: show.id, items, email: uniqueEmail() } },
    'Mutation.cancelOrder': order,
    'Mutation.refundOrder': {
      input: {
        orderId: bought.id,
        lines: [{ lineId: bought.lines[0]!.id, quantity: 1 }],
        reason: 'OTHER',
      },
    },
    'Mutation.cancelShow': { id: calledOff },
    'Subscription.orderUpdated': order,
  };
  return variables[name] ?? {};
}

/** The path of every String that the operation takes. */
function textsOf(name: OperationName): string[][] {
  const schema = buildSchema(readFileSync('schema.graphql', 'utf8'));
  const [root = '', field = ''] = name.split('.');
  const type = schema.getType(root);
  const within = (input: GraphQLInputType, path: string[]): string[][] => {
    const named = getNamedType(input);
    if (!isInputObjectType(named)) return named.name === 'String' ? [path] : [];
    return Object.values(named.getFields()).flatMap((one) => within(one.type, [...path, one.name]));
  };
  const taken = isObjectType(type) ? type.getFields()[field] : undefined;
  if (!taken) throw new Error(`The schema has no ${name}`);
  return taken.args.flatMap((argument) => within(argument.type, [argument.name]));
}

function replaced(variables: Variables, [name = '', ...rest]: string[], value: unknown): Variables {
  const inner = (variables[name] ?? {}) as Variables;
  return { ...variables, [name]: rest.length === 0 ? value : replaced(inner, rest, value) };
}

const TEXTS = (Object.keys(OPERATIONS) as OperationName[]).flatMap((name) =>
  textsOf(name).map((path) => ({ name, path, place: path.join('.') })),
);

describe('a hostile text', () => {
  it.each(TEXTS)(
    'is stored or refused as $place of $name, and never an internal error',
    async ({ name, path }) => {
      for (const text of HOSTILE) {
        const answer = await operate(
          world.server,
          name,
          replaced(rightVariables(name), path, text),
          seller.token,
        );
        for (const { extensions, message } of answer.errors) {
          expect({ text: text.slice(0, 50), message, code: extensions?.code }).toEqual({
            text: text.slice(0, 50),
            message,
            code: expect.stringMatching(new RegExp(`^(${REFUSALS.join('|')})$`)),
          });
        }
      }
    },
  );
});

describe('a text that PostgreSQL cannot store', () => {
  const cases = [
    ['Mutation.createProducer', ['input', 'name'], 'Name'],
    ['Mutation.createShow', ['input', 'title'], 'Title'],
    ['Mutation.createShow', ['input', 'description'], 'Description'],
    ['Mutation.createShow', ['input', 'venue'], 'Venue'],
    ['Mutation.createTicket', ['input', 'name'], 'Name'],
    ['Mutation.updateTicket', ['input', 'name'], 'Name'],
    ['Mutation.signUp', ['input', 'name'], 'Name'],
    ['Mutation.purchaseTickets', ['input', 'name'], 'Name'],
    ['Mutation.purchaseTickets', ['input', 'idempotencyKey'], 'idempotencyKey'],
    ['Mutation.purchaseTickets', ['input', 'successUrl'], 'successUrl'],
    ['Mutation.purchaseTickets', ['input', 'cancelUrl'], 'cancelUrl'],
    ['Mutation.refundOrder', ['input', 'note'], 'Note'],
    ['Mutation.refundOrder', ['input', 'idempotencyKey'], 'idempotencyKey'],
    ['Mutation.cancelShow', ['reason'], 'Reason'],
    ['Query.shows', ['filter', 'search'], 'search'],
  ] as const;

  it.each(cases)('is refused by %s as %j', async (name, path, label) => {
    const field = path[0] === 'input' ? path[1] : path.join('.');
    for (const [text, complaint] of [
      ['https://shop.example/a\u0000b', `${label} must not contain control characters`],
      ['https://shop.example/a\ud800b', `${label} must be well-formed Unicode`],
    ] as const) {
      const variables = replaced(rightVariables(name), [...path], text);
      const answer = await operate(world.server, name, variables, seller.token);
      expect(answer.errors).toMatchObject([
        { message: complaint, extensions: { code: 'BAD_USER_INPUT', field } },
      ]);
    }
  });
});

describe('a text in any script', () => {
  it('comes back as it was sent', async () => {
    const title = '😀 שלום Ünïcödé 東京 👩‍👩‍👧‍👦 Ω≈ç';
    const description = 'first line\n\tsecond line\r\n😀';
    const variables = rightVariables('Mutation.createShow');
    const input = { ...(variables.input as Variables), title, description, venue: '𝕊𝕥𝕒𝕘𝕖' };
    const answer = await operate(world.server, 'Mutation.createShow', { input }, seller.token);
    expect(answer.data).toMatchObject({ createShow: { title, description, venue: '𝕊𝕥𝕒𝕘𝕖' } });
    expect(answer.errors).toEqual([]);
  });
});
