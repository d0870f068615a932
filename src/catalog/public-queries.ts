import { isDeepStrictEqual } from 'node:util';
import { LRUCache } from 'lru-cache';
import { oneAtATime } from '../database/index.js';
import { type EventBus, listenToInventory } from '../inventory/index.js';
import type { Logger } from '../logging.js';
import { Upkeep } from './upkeep.js';
import { Verified } from './verified.js';

/** How many questions are remembered, and how many of them are asked again in each round. */
const MOST = 500;
const MOST_A_ROUND = 25;

/** What the database answers to one question about public shows. */
export class PublicQuery<Value> extends Verified {
  private answer: Value | undefined;
  private readonly loader = oneAtATime<'answer', Value>(async (askers) => {
    const sentAt = performance.now();
    const answer = await this.read();
    if (!isDeepStrictEqual(answer, this.answer)) this.version += 1;
    this.answer = answer;
    this.verify(sentAt);
    return askers.map(() => answer);
  });

  constructor(
    upkeep: Upkeep,
    private readonly read: () => Promise<Value>,
  ) {
    super(upkeep);
  }

  async value(): Promise<Value> {
    return this.isFresh(performance.now()) ? (this.answer as Value) : this.refresh();
  }

  refresh(): Promise<Value> {
    return this.loader.load('answer');
  }

  override changesAt(): number {
    return Number.POSITIVE_INFINITY;
  }
}

/** Which shows are listed where, and how many there are, as the public sees it; kept like the shows themselves. */
export class PublicQueries {
  private readonly queries = new LRUCache<string, PublicQuery<unknown>>({
    max: MOST,
    dispose: (query) => query.retire(),
  });
  private readonly upkeep: Upkeep;
  private readonly stopListening: readonly (() => void)[];

  constructor(bus: EventBus, logger: Logger) {
    this.upkeep = new Upkeep(
      (since) => this.verify(since),
      (error) => logger.warn({ err: error }, 'Lists in memory could not be verified; they are read again'),
    );
    this.stopListening = [
      listenToInventory(bus, (_showId, { terms }) => terms && this.outdateAll()),
      bus.onGap(() => this.outdateAll()),
    ];
  }

  /** @param read asks the database; the same key must always stand for the same question */
  of<Value>(key: string, read: () => Promise<Value>): PublicQuery<Value> {
    const known = this.queries.get(key);
    if (known !== undefined) return known as PublicQuery<Value>;
    const query = new PublicQuery(this.upkeep, read);
    this.queries.set(key, query);
    return query;
  }

  close(): void {
    this.upkeep.close();
    for (const stop of this.stopListening) stop();
  }

  private outdateAll(): void {
    for (const query of this.queries.values()) query.outdate();
  }

  /** Those that were read last come first; what is left out is read again by who wants it. */
  private async verify(since: number): Promise<void> {
    const read = [...this.queries.values()].filter((query) => query.readAt >= since);
    const latest = read.sort((one, other) => other.readAt - one.readAt).slice(0, MOST_A_ROUND);
    for (const query of latest) await query.refresh();
  }
}
