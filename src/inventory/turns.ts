import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { EventBus } from './event-bus.js';

/** How long a wish for a turn is remembered, in milliseconds; whoever still waits says so again. */
const WISH_MS = 200;
/** How often whoever has a turn asks whether others wish for one, in milliseconds. */
const ASK_MS = 25;
/** How long a turn may last while nobody else waits, in milliseconds; while somebody does, it is one batch. */
const LONGEST_TURN_MS = 1_000;
/** Longer than those who wait need to take the lock that they were told of, so that one of them gets it. */
const GIVE_WAY_MS = 5;
/** The same where nobody can be told: longer than those who wait pause between two tries. */
const GIVE_WAY_UNTOLD_MS = 60;
/** On it, processes tell of shows whose locks they have given back. */
const CHANNEL = 'turns';

export interface Turn {
  /** False as soon as it is the others' turn. */
  goOn(): boolean;
  /** After the release; resolves when this process may ask for the same locks again. */
  end(): Promise<void>;
}

/**
 * Makes processes take turns at a show: Redlock itself favours whoever asks right after it has
 * released. Only courtesy: if Redis fails, turns are less fair and nothing else.
 */
export class Turns {
  private readonly id = randomUUID();
  private readonly waiting = new Map<number, Set<() => void>>();
  /** From the first time that this process has to wait. */
  private listening: Promise<unknown> | undefined;

  constructor(
    private readonly redis: Redis,
    private readonly bus: EventBus,
  ) {}

  /** Says that this process waits for these shows. */
  wish(showIds: readonly number[]): void {
    this.listening ??= this.bus.subscribe(CHANNEL, (message) => this.wake(JSON.parse(message) as number[]));
    for (const showId of showIds) {
      this.redis.set(keyOf(showId), this.id, 'PX', WISH_MS).catch(() => {});
    }
  }

  /** Resolves when another process has told that it gave back the locks of any of these shows, or after `ms`. */
  untilFree(showIds: readonly number[], ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        for (const showId of showIds) this.leave(showId, done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      for (const showId of showIds) {
        const sleepers = this.waiting.get(showId) ?? new Set();
        this.waiting.set(showId, sleepers.add(done));
      }
    });
  }

  /** Once the locks are had. */
  begin(showIds: readonly number[]): Turn {
    const started = performance.now();
    let wished = false;
    const ask = async () => {
      wished = await this.othersWish(showIds);
    };
    void ask();
    const timer = setInterval(ask, ASK_MS);
    return {
      goOn: () => !wished && performance.now() - started < LONGEST_TURN_MS,
      end: async () => {
        clearInterval(timer);
        if (!wished) return;
        this.bus.publish(CHANNEL, JSON.stringify(showIds));
        await new Promise((resolve) =>
          setTimeout(resolve, this.bus.healthy ? GIVE_WAY_MS : GIVE_WAY_UNTOLD_MS),
        );
      },
    };
  }

  private async othersWish(showIds: readonly number[]): Promise<boolean> {
    const ids = await this.redis.mget(showIds.map(keyOf)).catch(() => []);
    return ids.some((id) => id !== null && id !== this.id);
  }

  private leave(showId: number, done: () => void): void {
    const sleepers = this.waiting.get(showId);
    sleepers?.delete(done);
    if (sleepers?.size === 0) this.waiting.delete(showId);
  }

  private wake(showIds: readonly number[]): void {
    for (const showId of showIds) {
      const sleepers = this.waiting.get(showId);
      this.waiting.delete(showId);
      for (const done of sleepers ?? []) done();
    }
  }
}

function keyOf(showId: number): string {
  return `turn:{show:${showId}}`;
}
