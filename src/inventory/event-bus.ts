import { EventEmitter } from 'node:events';

export type Listener = (message: string) => void;

/** Carries messages to every process that serves the same database; at most once, in no promised order. */
export interface EventBus {
  /** Never throws and never waits: what is lost here is made up for by reading the database. */
  publish(channel: string, message: string): void;

  /** @returns once it listens; what gives up listening */
  subscribe(channel: string, listener: Listener): Promise<() => void>;

  /** Called whenever messages may have been missed. @returns what gives up listening */
  onGap(listener: () => void): () => void;

  readonly healthy: boolean;

  close(): Promise<void>;
}

/** Where one process is all there is. */
export class InProcessEventBus implements EventBus {
  readonly healthy = true;
  private readonly emitter = new EventEmitter().setMaxListeners(0);

  publish(channel: string, message: string): void {
    this.emitter.emit(channel, message);
  }

  async subscribe(channel: string, listener: Listener): Promise<() => void> {
    this.emitter.on(channel, listener);
    return () => this.emitter.off(channel, listener);
  }

  onGap(): () => void {
    return () => {};
  }

  async close(): Promise<void> {
    this.emitter.removeAllListeners();
  }
}
