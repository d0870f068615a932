import 'reflect-metadata';
import type { Duplex } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { buildSchema, parse } from 'graphql';
import { Connection } from '../../src/http/connection.js';
import { Pace } from '../../src/http/pace.js';
import { SharedSubscriptions } from '../../src/http/shared-subscriptions.js';
import { FeedSubscription, type SharedFeed } from '../../src/inventory/index.js';
import { Metrics } from '../../src/metrics.js';

const schema = buildSchema(`
  type Query { unused: Int }
  type Subscription { changed: Update }
  type Update { revision: Int }
`);
const document = parse('subscription { changed { revision } }');

class Feed implements SharedFeed {
  revision = 1;
  readonly listeners = new Set<() => void>();

  changesSince(revision: number) {
    return revision < this.revision ? { changed: { revision: this.revision } } : undefined;
  }

  listen(listener: () => void) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  change() {
    this.revision += 1;
    for (const listener of this.listeners) listener();
  }
}

/** Many subscriptions by the same document. */
function watching(feed: Feed) {
  const shared = new SharedSubscriptions(
    new Metrics(),
    (error) => ({ message: error.message }),
    new Pace().lane(1),
  );
  return () => {
    const written: string[] = [];
    const stream = { writableLength: 0, write: (text: string) => written.push(text) } as unknown as Duplex;
    const socket = { readyState: 1, OPEN: 1 } as ConstructorParameters<typeof Connection>[0];
    const connection = new Connection(socket, stream, '127.0.0.1');
    const operation = { schema, document, connection, id: '1', kind: 'subscription' } as const;
    return { subscriber: shared.join(operation, new FeedSubscription(feed, () => undefined)), written };
  };
}

// The protocol asks for the first value only once it has registered a subscription. One that its client has
// completed by then is returned without ever having been asked.
describe('a subscriber that leaves before it was asked for anything', () => {
  it('leaves nothing behind', async () => {
    const feed = new Feed();
    const { subscriber } = watching(feed)();
    expect(feed.listeners.size).toBe(1);
    await subscriber.return();
    expect(feed.listeners.size).toBe(0);
  });

  it('does not take the group from one that is about to come in', async () => {
    const feed = new Feed();
    const join = watching(feed);
    const one = join();
    void one.subscriber.next();
    const other = join();
    await one.subscriber.return();
    void other.subscriber.next();
    feed.change();
    await new Promise(setImmediate);
    expect(other.written.at(-1)).toContain('"revision":2');
    await other.subscriber.return();
    expect(feed.listeners.size).toBe(0);
  });
});
