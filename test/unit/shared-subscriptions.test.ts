import type { Duplex } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { buildSchema, type GraphQLObjectType, isObjectType, parse } from 'graphql';
import { createSchema } from '../../src/graphql/schema.js';
import { Connection } from '../../src/http/connection.js';
import { Pace } from '../../src/http/pace.js';
import { SharedSubscriptions } from '../../src/http/shared-subscriptions.js';
import { FeedSubscription, type SharedFeed } from '../../src/inventory/index.js';
import { Metrics } from '../../src/metrics.js';

const schema = buildSchema(`
  type Query { unused: Int }
  type Subscription { changed: Update }
  type Update { public: Int, forTheViewer: Int, later: Int }
`);
const fields = (schema.getType('Update') as GraphQLObjectType).getFields();
fields.forTheViewer!.resolve = (_update, _args, context) => context.viewer().userId;
fields.later!.resolve = async () => 1;

const FEED: SharedFeed = {
  revision: 1,
  changesSince: () => ({ changed: { public: 7 } }),
  listen: () => () => undefined,
};

/** The payload that is written to who subscribes by this document. */
function written(document: string): Record<string, unknown> {
  const chunks: string[] = [];
  const stream = { writableLength: 0, write: (text: string) => chunks.push(text) } as unknown as Duplex;
  const socket = { readyState: 1, OPEN: 1 } as ConstructorParameters<typeof Connection>[0];
  const connection = new Connection(socket, stream, '127.0.0.1');
  const shared = new SharedSubscriptions(
    new Metrics(),
    (error) => ({ message: error.message }),
    new Pace().lane(1),
  );
  const operation = { schema, document: parse(document), connection, id: '1', kind: 'subscription' } as const;
  const source = new FeedSubscription(FEED, () => undefined);
  void shared.join(operation, source).next();
  return JSON.parse(chunks.join('').replace(/^[^{]*/, '')).payload;
}

describe('a shared execution', () => {
  it('answers what is the same for everybody', () => {
    expect(written('subscription { changed { public } }')).toEqual({ data: { changed: { public: 7 } } });
  });

  it('fails where a field asks who is looking, instead of telling all what is for one', () => {
    const { data, errors } = written('subscription { changed { public forTheViewer } }');
    expect(data).toEqual({ changed: { public: 7, forTheViewer: null } });
    expect(errors).toHaveLength(1);
  });

  it('fails where a field would wait for something that the update does not carry', () => {
    const { data, errors } = written('subscription { changed { public later } }');
    expect(data).toBeUndefined();
    expect(errors).toHaveLength(1);
  });
});

describe('the types that inventoryChanged reaches', () => {
  it('are those whose fields are public; who adds one decides whether everybody may see it', () => {
    const reached = new Set<string>();
    const visit = (type: unknown): void => {
      const named = (type as { ofType?: unknown }).ofType;
      if (named) visit(named);
      if (!isObjectType(type) || reached.has(type.name)) return;
      reached.add(type.name);
      for (const field of Object.values(type.getFields())) visit(field.type);
    };
    visit(createSchema().getSubscriptionType()!.getFields().inventoryChanged!.type);
    expect([...reached].sort()).toEqual(['InventoryUpdate', 'TicketInventory']);
  });
});
