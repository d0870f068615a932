import { networkOf } from '../accounts/index.js';

export interface SocketLimits {
  /** Open at once in this process. */
  readonly perAddress: number;
  readonly perUser: number;
}

/** How many WebSockets somebody has open, so that nobody can take all of them. */
export class SocketCaps {
  private readonly addresses: Counter;
  private readonly users: Counter;

  /** @param limits undefined where there are none */
  constructor(limits: SocketLimits | undefined) {
    this.addresses = new Counter(limits?.perAddress ?? Number.POSITIVE_INFINITY);
    this.users = new Counter(limits?.perUser ?? Number.POSITIVE_INFINITY);
  }

  hasRoom(address: string): boolean {
    return this.addresses.hasRoom(networkOf(address));
  }

  /** `leave` has to follow. */
  enter(address: string): void {
    this.addresses.enter(networkOf(address));
  }

  leave(address: string): void {
    this.addresses.leave(networkOf(address));
  }

  /** @returns whether there was room for another one; then `leaveUser` has to follow */
  enterUser(userId: string): boolean {
    if (!this.users.hasRoom(userId)) return false;
    this.users.enter(userId);
    return true;
  }

  leaveUser(userId: string): void {
    this.users.leave(userId);
  }
}

class Counter {
  private readonly counts = new Map<string, number>();

  constructor(private readonly most: number) {}

  hasRoom(key: string): boolean {
    return (this.counts.get(key) ?? 0) < this.most;
  }

  enter(key: string): void {
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
  }

  leave(key: string): void {
    const count = this.counts.get(key) ?? 0;
    if (count > 1) this.counts.set(key, count - 1);
    else this.counts.delete(key);
  }
}
