import type { EventBus } from '../inventory/index.js';
import { LatestState } from '../inventory/index.js';
import type { Metrics } from '../metrics.js';

/** Tells who watches an order that it changed; what it has become is read from the database. */
export class OrderEvents {
  constructor(
    private readonly bus: EventBus,
    private readonly metrics: Metrics,
  ) {}

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
    stops.push(this.bus.onGap(() => changes.offer(orderId)));
    stops.push(await this.bus.subscribe(channelOf(orderId), () => changes.offer(orderId)));
    changes.offer(orderId);
    return changes;
  }
}

function channelOf(orderId: string): string {
  return `order:${orderId}`;
}
