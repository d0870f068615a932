import type { FeedSubscription, SharedFeed } from '../inventory/index.js';
import type { Metrics } from '../metrics.js';
import type { Connection } from './connection.js';
import type { Lane } from './pace.js';
import type { SocketOperation } from './socket-operation.js';
import { textFrame, wireText } from './text-frame.js';

/** How many subscribers are sent to in one piece of work. */
const SLICE = 32;
/** How often it is looked whether a slow reader has taken what it was sent, in milliseconds. */
const RETRY_MS = 50;
/** Readers that are slow in different ways need different messages; more than these are not remembered. */
const MOST_FRAMES = 8;

/** What brings a subscriber to a revision; nothing follows its id where there is no news for it. */
interface Frame {
  readonly revision: number;
  readonly rest: string | undefined;
}

/** One subscription of one socket. Yields nothing to the protocol: its messages are written by its group. */
export class Subscriber implements AsyncIterableIterator<never> {
  /** The feed's revision that it was told last. */
  told = 0;
  readonly connection: Connection;
  private readonly id: string;

  constructor(
    private readonly group: SubscriberGroup,
    private readonly subscription: FeedSubscription,
    { connection, id }: SocketOperation,
  ) {
    this.connection = connection;
    this.id = id;
    group.join(this);
  }

  /** @param rest of the message after its id, as `wireText` makes it */
  send(rest: string): void {
    const opening = wireText(`{"id":${JSON.stringify(this.id)},"type":"next","payload":`);
    this.connection.stream.write(textFrame(opening + rest), 'latin1');
  }

  /** The protocol asks once, when it has registered the subscription, and need not wait for an answer. */
  next(): Promise<IteratorResult<never>> {
    this.group.enter(this);
    this.connection.park(this.id, this);
    return this.subscription.next();
  }

  return(): Promise<IteratorResult<never>> {
    this.group.leave(this);
    return this.subscription.return();
  }

  throw(error: unknown): Promise<IteratorResult<never>> {
    this.group.leave(this);
    return this.subscription.throw(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** Those who subscribed to the same by the same document: one execution serves all of them. */
export class SubscriberGroup {
  /** Also those that the protocol has not registered yet, or never will: their clients may have gone already. */
  private readonly members = new Set<Subscriber>();
  private readonly subscribers = new Set<Subscriber>();
  /** Those who have not yet taken what they were sent. Nothing is queued for them. */
  private readonly behind = new Set<Subscriber>();
  /** By the revision that they begin at. */
  private readonly frames = new Map<number, Frame>();
  private readonly stopListening: () => void;
  private retry: NodeJS.Timeout | undefined;
  /** While a round goes on, and then for as long again as was spent on it. */
  private busy = false;
  /** On the round that goes on, in milliseconds: it is interrupted for whatever else there is to do. */
  private spent = 0;
  private rest: NodeJS.Timeout | undefined;
  private again = false;

  /**
   * @param answer makes the payload of a message from what changed
   * @param onEmpty called when the last one has left
   */
  constructor(
    private readonly feed: SharedFeed,
    private readonly answer: (update: unknown) => string,
    private readonly deliveries: Lane,
    private readonly metrics: Metrics,
    private readonly onEmpty: () => void,
  ) {
    this.stopListening = feed.listen(() => this.tellAll());
  }

  /** The group lasts until whoever has joined has left. */
  join(subscriber: Subscriber): void {
    this.members.add(subscriber);
  }

  /** Sends the whole state at once. */
  enter(subscriber: Subscriber): void {
    this.subscribers.add(subscriber);
    this.tell(subscriber, this.feed.revision);
  }

  leave(subscriber: Subscriber): void {
    if (!this.members.delete(subscriber)) return;
    this.subscribers.delete(subscriber);
    this.behind.delete(subscriber);
    if (this.members.size > 0) return;
    this.stopListening();
    clearTimeout(this.retry);
    clearTimeout(this.rest);
    this.onEmpty();
  }

  private tellAll(): void {
    if (this.busy) {
      this.again = true;
      return;
    }
    this.busy = true;
    this.spent = 0;
    this.again = false;
    const { revision } = this.feed;
    for (const [since, frame] of this.frames) if (frame.revision < revision) this.frames.delete(since);
    // Groups may be many too.
    this.deliveries.run(() => this.tellSome(this.subscribers.values(), revision));
  }

  /** All of one round are told the same, though there may be news before it ends. */
  private tellSome(rest: Iterator<Subscriber, undefined>, revision: number): void {
    const began = performance.now();
    const isOver = this.tellSlice(rest, revision);
    this.spent += performance.now() - began;
    if (!isOver) this.deliveries.run(() => this.tellSome(rest, revision));
    else if (this.members.size > 0) this.endRound();
  }

  /** @returns whether nobody is left */
  private tellSlice(rest: Iterator<Subscriber, undefined>, revision: number): boolean {
    for (let count = 0; count < SLICE; count += 1) {
      const { value } = rest.next();
      if (value === undefined) return true;
      this.tell(value, revision);
    }
    return false;
  }

  /** Where there are so many that telling them takes long, as much time is left for everything else. */
  private endRound(): void {
    this.rest = setTimeout(() => {
      this.busy = false;
      if (this.again) this.tellAll();
    }, this.spent);
  }

  /** @param revision that it has to know at least */
  private tell(subscriber: Subscriber, revision: number): void {
    if (subscriber.told >= revision || !subscriber.connection.isOpen) return;
    if (subscriber.connection.isSlow) {
      this.defer(subscriber);
      return;
    }
    const frame = this.frameSince(subscriber.told, revision);
    subscriber.told = frame.revision;
    if (frame.rest === undefined) return;
    subscriber.send(frame.rest);
    this.metrics.sharedDeliveries.inc();
  }

  private frameSince(told: number, revision: number): Frame {
    const known = this.frames.get(told);
    if (known !== undefined && known.revision >= revision) return known;
    const changes = this.feed.changesSince(told);
    const rest = changes === undefined ? undefined : wireText(`${this.answer(changes)}}`);
    const frame: Frame = { revision: this.feed.revision, rest };
    if (this.frames.size >= MOST_FRAMES) this.frames.clear();
    this.frames.set(told, frame);
    return frame;
  }

  private defer(subscriber: Subscriber): void {
    this.metrics.sharedDeferrals.inc();
    this.behind.add(subscriber);
    this.retry ??= setTimeout(() => this.tellBehind(), RETRY_MS);
  }

  /** Most who are behind are so for long: looking at them costs little, and sending has its turns. */
  private tellBehind(): void {
    this.retry = undefined;
    const ready = [...this.behind].filter(({ connection }) => !connection.isSlow);
    for (const subscriber of ready) this.behind.delete(subscriber);
    if (this.behind.size > 0) this.retry = setTimeout(() => this.tellBehind(), RETRY_MS);
    this.tellReady(ready.values());
  }

  private tellReady(ready: Iterator<Subscriber, undefined>): void {
    for (let count = 0; count < SLICE; count += 1) {
      const { value } = ready.next();
      if (value === undefined) return;
      if (this.subscribers.has(value)) this.tell(value, this.feed.revision);
    }
    this.deliveries.run(() => this.tellReady(ready));
  }
}
