import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Logger } from '../logging.js';
import type { Metrics } from '../metrics.js';
import { type EventBus, InProcessEventBus, type Listener, type PrefixListener } from './event-bus.js';

/** How often the listening connection is tried, in milliseconds, and after how many misses it is given up. */
const BEAT_MS = 2_000;
const MISSES = 3;

/** Messages of this process are delivered here directly, and to the others through Redis. */
export class RedisEventBus implements EventBus {
  private readonly local = new InProcessEventBus();
  private readonly origin = randomUUID();
  /** Per channel how many listen here, and when Redis has agreed to send it. */
  private readonly channels = new Map<string, { count: number; ready: Promise<void> }>();
  private readonly patterns = new Set<string>();
  private readonly gapListeners = new Set<() => void>();
  private readonly heart: NodeJS.Timeout;
  private misses = 0;

  /** @param subscriber a connection of its own: Redis allows nothing else on one that listens */
  constructor(
    private readonly publisher: Redis,
    private readonly subscriber: Redis,
    private readonly metrics: Metrics,
    private readonly logger: Logger,
  ) {
    subscriber.on('message', (channel, message) =>
      this.receive(message, (text) => this.local.publishToChannel(channel, text)),
    );
    subscriber.on('pmessage', (_pattern, channel, message) =>
      this.receive(message, (text) => this.local.publishToPrefixes(channel, text)),
    );
    subscriber.on('ready', () => void this.connected());
    subscriber.on('close', () => this.metrics.redisAvailable.set({ use: 'events' }, 0));
    if (subscriber.status === 'ready') void this.connected();
    this.heart = setInterval(() => void this.beat(), BEAT_MS);
    this.heart.unref();
  }

  get healthy(): boolean {
    return this.publisher.status === 'ready' && this.subscriber.status === 'ready';
  }

  publish(channel: string, message: string): void {
    this.local.publish(channel, message);
    this.publisher.publish(channel, `${this.origin} ${message}`).catch((error: unknown) => {
      this.logger.warn({ err: error, channel }, 'An event did not reach the other processes');
    });
  }

  async subscribe(channel: string, listener: Listener): Promise<() => void> {
    const stop = await this.local.subscribe(channel, listener);
    const known = this.channels.get(channel) ?? { count: 0, ready: this.listen([channel]) };
    known.count += 1;
    this.channels.set(channel, known);
    await known.ready;
    return () => {
      stop();
      this.leave(channel);
    };
  }

  subscribeAll(prefix: string, listener: PrefixListener): () => void {
    const pattern = `${prefix}*`;
    const isNew = !this.patterns.has(pattern);
    this.patterns.add(pattern);
    // Else it is asked for as soon as the connection is there.
    if (isNew && this.subscriber.status === 'ready') void this.listenToPatterns();
    return this.local.subscribeAll(prefix, listener);
  }

  onGap(listener: () => void): () => void {
    this.gapListeners.add(listener);
    return () => this.gapListeners.delete(listener);
  }

  async close(): Promise<void> {
    clearInterval(this.heart);
    this.publisher.disconnect();
    this.subscriber.disconnect();
    await this.local.close();
  }

  /** What this process has said itself was heard here when it was said. */
  private receive(message: string, deliver: (text: string) => void): void {
    const separator = message.indexOf(' ');
    if (message.slice(0, separator) === this.origin) return;
    try {
      deliver(message.slice(separator + 1));
    } catch (error) {
      // Thrown on, it would end the process: anybody who can write to Redis could do so.
      this.logger.error({ err: error }, 'An event that came over Redis could not be handled');
    }
  }

  /** Whoever only listens never notices that the other end is gone. */
  private async beat(): Promise<void> {
    if (this.subscriber.status !== 'ready') return;
    try {
      await this.subscriber.ping();
      this.misses = 0;
    } catch (error) {
      this.misses += 1;
      if (this.misses < MISSES) return;
      this.misses = 0;
      this.logger.warn({ err: error }, 'Redis is silent: connecting again to listen to events');
      this.subscriber.disconnect(true);
    }
  }

  private async connected(): Promise<void> {
    this.metrics.redisAvailable.set({ use: 'events' }, 1);
    await Promise.all([this.listen([...this.channels.keys()]), this.listenToPatterns()]);
    for (const listener of this.gapListeners) listener();
  }

  private leave(channel: string): void {
    const known = this.channels.get(channel);
    if (known === undefined) return;
    known.count -= 1;
    if (known.count > 0) return;
    this.channels.delete(channel);
    // Nobody minds a message for nobody; when the connection is back, it is not listened to again.
    this.subscriber.unsubscribe(channel).catch(() => {});
  }

  private async listen(channels: string[]): Promise<void> {
    // Else all of them are asked for as soon as the connection is there.
    if (channels.length === 0 || this.subscriber.status !== 'ready') return;
    try {
      await this.subscriber.subscribe(...channels);
    } catch (error) {
      this.logger.warn({ err: error }, 'Listening to events has to wait until Redis is back');
    }
  }

  private async listenToPatterns(): Promise<void> {
    if (this.patterns.size === 0) return;
    try {
      await this.subscriber.psubscribe(...this.patterns);
    } catch (error) {
      this.logger.warn({ err: error }, 'Listening to events has to wait until Redis is back');
    }
  }
}
