import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';

/** How long a wish for a turn is remembered, in milliseconds; whoever still waits says so again. */
const WISH_MS = 200;
/** Longer than those who wait let pass between two tries, so that one of them gets the lock. */
const GIVE_WAY_MS = 6;

/**
 * Makes processes take turns at a show: Redlock itself favours whoever asks right after it has
 * released. Only courtesy: if Redis fails, turns are less fair and nothing else.
 */
export class Turns {
  private readonly id = randomUUID();

  constructor(private readonly redis: Redis) {}

  /** Says that this process waits for these shows. */
  wish(showIds: readonly number[]): void {
    for (const showId of showIds) {
      this.redis.set(keyOf(showId), this.id, 'PX', WISH_MS).catch(() => {});
    }
  }

  /** After a release: lets others go first if any wait. */
  async giveWay(showIds: readonly number[]): Promise<void> {
    const wishes = await Promise.all(
      showIds.map((showId) => this.redis.get(keyOf(showId)).catch(() => null)),
    );
    if (wishes.some((id) => id !== null && id !== this.id)) {
      await new Promise((resolve) => setTimeout(resolve, GIVE_WAY_MS));
    }
  }
}

function keyOf(showId: number): string {
  return `turn:{show:${showId}}`;
}
