import { type Orm, oneAtATime } from '../database/index.js';
import type { EventBus } from '../inventory/index.js';
import { LatestState } from '../inventory/index.js';
import type { Logger } from '../logging.js';
import type { Metrics } from '../metrics.js';

/**
 * How often orders that are followed are compared with the database, in milliseconds: whoever changed one may have
 * died before it told, never have learned that it had committed, or told while Redis was away.
 */
const VERIFY_MS = 5_000;

/** Those who follow one order in this process. */
interface Followed {
  readonly changes: Set<LatestState<string>>;
  /** What the order was like before they were told last; undefined until that could be read. */
  state: string | undefined;
}

/** Tells who watches an order that it changed; what it has become is read from the database. */
export class OrderEvents {
  private readonly orders = new Map<string, Followed>();
  private readonly states = oneAtATime((orderIds: readonly string[]) => this.read(orderIds));
  private readonly verifying: NodeJS.Timeout;
  private isVerifying = false;

  constructor(
    private readonly orm: Orm,
    private readonly bus: EventBus,
    private readonly metrics: Metrics,
    private readonly logger: Logger,
  ) {
    this.verifying = setInterval(() => void this.verify(), VERIFY_MS);
    this.verifying.unref();
  }

  /** After the commit that changed the order. Never throws and never waits. */
  publish(orderId: string): void {
    this.bus.publish(channelOf(orderId), 'changed');
  }

  /** One state at once, then one for every change; several changes that nobody took are one. */
  async subscribe(orderId: string): Promise<AsyncIterable<string>> {
    const stops: (() => void)[] = [];
    const changes = new LatestState<string>(
      (_older, newer) => newer,
      () => {
        this.metrics.subscribers.dec({ field: 'orderUpdated' });
        for (const stop of stops) stop();
      },
    );
    this.metrics.subscribers.inc({ field: 'orderUpdated' });
    stops.push(this.follow(orderId, changes));
    stops.push(this.bus.onGap(() => changes.offer(orderId)));
    stops.push(await this.bus.subscribe(channelOf(orderId), () => void this.tell(orderId, changes)));
    await this.tell(orderId, changes);
    return changes;
  }

  close(): void {
    clearInterval(this.verifying);
  }

  private follow(orderId: string, changes: LatestState<string>): () => void {
    const followed = this.orders.get(orderId) ?? { changes: new Set(), state: undefined };
    this.orders.set(orderId, followed);
    followed.changes.add(changes);
    return () => {
      followed.changes.delete(changes);
      if (followed.changes.size === 0) this.orders.delete(orderId);
    };
  }

  /** Notes the state before it is told: what changes in between is then told twice rather than never. */
  private async tell(orderId: string, changes: LatestState<string>): Promise<void> {
    const followed = this.orders.get(orderId);
    try {
      const state = await this.states.load(orderId);
      if (followed !== undefined) followed.state = state;
    } catch {
      if (followed !== undefined) followed.state = undefined;
    }
    changes.offer(orderId);
  }

  private async verify(): Promise<void> {
    if (this.isVerifying || this.orders.size === 0) return;
    this.isVerifying = true;
    try {
      const orderIds = [...this.orders.keys()];
      const states = await this.states.loadMany(orderIds);
      for (const [index, orderId] of orderIds.entries()) this.compare(orderId, states[index]);
    } catch (error) {
      this.logger.warn({ err: error }, 'Orders that are followed could not be compared with the database');
    } finally {
      this.isVerifying = false;
    }
  }

  private compare(orderId: string, state: string | Error | undefined): void {
    const followed = this.orders.get(orderId);
    if (followed === undefined || typeof state !== 'string' || followed.state === state) return;
    followed.state = state;
    for (const changes of followed.changes) changes.offer(orderId);
  }

  /** Everything about each order but when it is looked after next. */
  private async read(orderIds: readonly string[]): Promise<string[]> {
    const rows = await this.orm.em
      .fork()
      .execute<{ id: string; state: string }[]>(
        `select id, md5((to_jsonb(orders) - 'check_at')::text) as state from orders where id = any (?::uuid[])`,
        [`{${orderIds.join(',')}}`],
      );
    const states = new Map(rows.map(({ id, state }) => [id, state]));
    return orderIds.map((orderId) => states.get(orderId) ?? '');
  }
}

function channelOf(orderId: string): string {
  return `order:${orderId}`;
}
