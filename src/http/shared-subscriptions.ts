import {
  type ExecutionArgs,
  type ExecutionResult,
  executeSync,
  GraphQLError,
  type GraphQLFormattedError,
} from 'graphql';
import type { FeedSubscription, SharedFeed } from '../inventory/index.js';
import type { Metrics } from '../metrics.js';
import type { Lane } from './pace.js';
import type { SocketOperation } from './socket-operation.js';
import { Subscriber, SubscriberGroup } from './subscriber-group.js';

/**
 * Subscriptions to what is the same for everybody. Identical ones, that is by the same document,
 * operation and variables, share each execution and its serialised answer. It is executed without a
 * context, and so for no viewer: a field that asks who is looking, or for anything but what it was
 * given, fails for all instead of telling one what is meant for another.
 */
export class SharedSubscriptions {
  private readonly groups = new Map<SharedFeed, Map<string, SubscriberGroup>>();

  /** @param deliveries where sending has its turns */
  constructor(
    private readonly metrics: Metrics,
    private readonly format: (error: GraphQLError) => GraphQLFormattedError,
    private readonly deliveries: Lane,
  ) {}

  /** Whoever joins must have been allowed to: nobody is asked here who they are. */
  join(operation: SocketOperation, source: FeedSubscription): Subscriber {
    return new Subscriber(this.groupOf(operation, source.feed), source, operation);
  }

  private groupOf(operation: SocketOperation, feed: SharedFeed): SubscriberGroup {
    const { schema, document, operationName, variableValues } = operation;
    const key = JSON.stringify([operationName, variableValues, document.loc?.source.body]);
    const groups = this.groups.get(feed) ?? new Map<string, SubscriberGroup>();
    const known = groups.get(key);
    if (known !== undefined) return known;
    const answer = (update: unknown) =>
      this.answer({ schema, document, operationName, variableValues, rootValue: update });
    const group = new SubscriberGroup(feed, answer, this.deliveries, this.metrics, () => {
      groups.delete(key);
      if (groups.size === 0) this.groups.delete(feed);
    });
    this.groups.set(feed, groups.set(key, group));
    return group;
  }

  private answer(execution: ExecutionArgs): string {
    this.metrics.sharedExecutions.inc();
    const result = executeForNobody(execution);
    return JSON.stringify(result.errors ? { ...result, errors: result.errors.map(this.format) } : result);
  }
}

function executeForNobody(execution: ExecutionArgs): ExecutionResult {
  try {
    return executeSync(execution);
  } catch (error) {
    // A resolver that would wait for something: then what it answers is not in the update.
    const originalError = error instanceof Error ? error : new Error(String(error));
    return { errors: [new GraphQLError(originalError.message, { originalError })] };
  }
}
