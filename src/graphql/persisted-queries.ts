import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { EventBus } from '../inventory/index.js';

const CHANNEL = 'persisted-queries';
/** Characters of all texts in this process, and of the longest that other processes are told of. */
const MOST_TEXT = 8 * 1024 * 1024;
const LONGEST_SHARED = 10_000;

/**
 * The texts of queries that clients name by their SHA-256 (automatic persisted queries). Whatever one process
 * is told, it tells the others: so a client may name a query wherever its next request goes. What is lost
 * costs one more request, with the text. Nothing is stored in Redis, where strangers could fill it.
 */
export class PersistedQueries {
  private readonly texts = new LRUCache<string, string>({
    maxSize: MOST_TEXT,
    sizeCalculation: (text, key) => text.length + key.length,
  });

  constructor(private readonly bus: EventBus) {
    void bus.subscribe(CHANNEL, (text) => this.texts.set(keyOf(text), text));
  }

  async get(key: string): Promise<string | undefined> {
    return this.texts.get(key);
  }

  async set(key: string, text: string): Promise<void> {
    if (this.texts.has(key)) return;
    this.texts.set(key, text);
    if (text.length <= LONGEST_SHARED) this.bus.publish(CHANNEL, text);
  }

  async delete(key: string): Promise<boolean> {
    return this.texts.delete(key);
  }
}

/** As Apollo names them. */
function keyOf(text: string): string {
  return `apq:${hash('sha256', text)}`;
}
