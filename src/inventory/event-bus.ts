import { EventEmitter } from 'node:events';

export type Listener = (message: string) => void;
export type PrefixListener = (channel: string, message: string) => void;

/** Carries messages to every process that serves the same database; at most once, in no promised order. */
export interface EventBus {
  /** Never throws and never waits: what is lost here is made up for by reading the database. */
  publish(channel: string, message: string): void;

  /** @returns once it listens; what gives up listening */
  subscribe(channel: string, listener: Listener): Promise<() => void>;

  /**
   * Listens to every channel whose name begins so. It needs no answer to begin: until this process hears of
   * the others, it is as if messages were lost.
   *
   * @returns what gives up listening
   */
  subscribeAll(prefix: string, listener: PrefixListener): () => void;

  /** Called whenever messages may have been missed. @returns what gives up listening */
  onGap(listener: () => void): () => void;

  readonly healthy: boolean;

  close(): Promise<void>;
}

/** Where one process is all there is. */
export class InProcessEventBus implements EventBus {
  readonly healthy = true;
  private readonly emitter = new EventEmitter().setMaxListeners(0);
  private readonly prefixListeners = new Map<PrefixListener, string>();

  publish(channel: string, message: string): void {
    this.publishToPrefixes(channel, message);
    this.publishToChannel(channel, message);
  }

  /** To those alone who listen to this one channel. */
  publishToChannel(channel: string, message: string): void {
    this.emitter.emit(channel, message);
  }

  /** To those alone who listen to all channels of a prefix. */
  publishToPrefixes(channel: string, message: string): void {
    for (const [listener, prefix] of this.prefixListeners) {
      if (channel.startsWith(prefix)) listener(channel, message);
    }
  }

  async subscribe(channel: string, listener: Listener): Promise<() => void> {
    this.emitter.on(channel, listener);
    return () => this.emitter.off(channel, listener);
  }

  subscribeAll(prefix: string, listener: PrefixListener): () => void {
    this.prefixListeners.set(listener, prefix);
    return () => this.prefixListeners.delete(listener);
  }

  onGap(): () => void {
    return () => {};
  }

  async close(): Promise<void> {
    this.emitter.removeAllListeners();
    this.prefixListeners.clear();
  }
}
