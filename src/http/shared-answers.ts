import { hash } from 'node:crypto';
import type { HTTPGraphQLResponse } from '@apollo/server';
import { LRUCache } from 'lru-cache';
import type { Source } from '../graphql/context.js';

/** Bytes of all answers together, and characters of the longest request whose answer is kept. */
const MOST_BYTES = 32 * 1024 * 1024;
const LONGEST_KEY = 16_384;
/** Bytes that an answer takes beside its text, roughly. */
const OBJECT_BYTES = 1_000;
const SOURCE_BYTES = 100;

/** An answer that is the same for everybody who sends the same request and is not signed in. */
export interface SharedAnswer {
  readonly body: Buffer;
  readonly contentType: string;
  /** Strong (RFC 9110, section 8.8.1). */
  readonly etag: string;
  /** What it was made of, each with its version then. */
  readonly sources: readonly (readonly [Source, number])[];
  /** While the clock changes nothing, in milliseconds since the epoch; the second is too late. */
  readonly from: number;
  readonly until: number;
}

/**
 * Keeps whole answers for as long as everything that they were made of stands as it was. Nothing of a
 * viewer comes here: see RequestContext.sources.
 */
export class SharedAnswers {
  private readonly answers = new LRUCache<string, SharedAnswer>({
    maxSize: MOST_BYTES,
    sizeCalculation: ({ body, sources }, key) =>
      body.length + 2 * key.length + SOURCE_BYTES * sources.length + OBJECT_BYTES,
  });
  private readonly underWay = new Map<string, Promise<void>>();

  /** The answer, if it is still what executing the request again would give. */
  find(key: string): SharedAnswer | undefined {
    const answer = this.answers.get(key);
    return answer && stands(answer) ? answer : undefined;
  }

  /**
   * The same, after whoever is executing this request right now. Only requests whose answers were shared
   * before are waited for: others, above all mutations, have nothing to do with each other.
   */
  async findAfterOthers(key: string): Promise<SharedAnswer | undefined> {
    await this.underWay.get(key);
    return this.find(key);
  }

  /** @param work executes the request, and keeps what comes of it */
  async execute<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    if (!this.answers.has(key) || this.underWay.has(key)) return work();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.underWay.set(key, promise);
    try {
      return await work();
    } finally {
      this.underWay.delete(key);
      resolve();
    }
  }

  /**
   * @param sources what the answer was made of; undefined or none where it is not for others
   * @param startedAt before anything of it was read
   * @returns the answer if others may have it too
   */
  keep(
    key: string,
    { body, headers }: HTTPGraphQLResponse,
    sources: ReadonlyMap<Source, number> | undefined,
    startedAt: Date,
  ): SharedAnswer | undefined {
    if (!sources?.size || body.kind !== 'complete' || key.length > LONGEST_KEY) {
      this.answers.delete(key);
      return undefined;
    }
    const contentType = headers.get('content-type') ?? 'application/json';
    const answer = {
      body: Buffer.from(body.string),
      contentType,
      etag: `"${hash('sha256', `${contentType}\n${body.string}`, 'base64url')}"`,
      sources: [...sources],
      from: startedAt.getTime(),
      until: Math.min(...[...sources.keys()].map((source) => source.changesAt(startedAt))),
    };
    this.answers.set(key, answer);
    return answer;
  }
}

function stands({ sources, from, until }: SharedAnswer): boolean {
  const clock = Date.now();
  if (clock < from || clock >= until) return false;
  const now = performance.now();
  return sources.every(([source, version]) => source.version === version && source.isFresh(now));
}
