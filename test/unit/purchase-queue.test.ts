import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PurchaseQueue, type Turn } from '../../src/inventory/purchase-queue.js';
import { Metrics } from '../../src/metrics.js';

const metrics = new Metrics();
/** Longer than the process of these tests lives: who is left waiting by one is sent away in no other. */
const PATIENT = { waitMs: 24 * 60 * 60_000 };
type Served = Turn<string, string>['batch']['works'];

/** A queue whose batches are served when the test says so. */
class Bench {
  readonly batches: {
    readonly works: Served;
    /** Answers, and ends the turn. */
    readonly finish: () => void;
    /** Answers, and goes on with those whose work is accepted. */
    readonly goOn: (accept: (work: string) => boolean) => void;
    readonly fail: (error: Error) => void;
  }[] = [];
  readonly queue: PurchaseQueue<string, string>;

  constructor(limits = PATIENT) {
    this.queue = new PurchaseQueue<string, string>((turn) => this.serve(turn), limits, metrics);
  }

  private serve({ batch, next }: Turn<string, string>): Promise<void> {
    return new Promise((resolve, reject) => {
      const serveBatch = (present: typeof batch) => {
        const results = present.works.map(({ work }) => ({
          status: 'fulfilled' as const,
          value: `done: ${work}`,
        }));
        this.batches.push({
          works: present.works,
          finish: () => {
            present.settle(results);
            resolve();
          },
          goOn: (accept) => {
            present.settle(results);
            const more = next(accept);
            if (more === undefined) resolve();
            else serveBatch(more);
          },
          fail: reject,
        });
      };
      serveBatch(batch);
    });
  }
}

const settle = () => new Promise((resolve) => setImmediate(resolve));
const names = (works: Served) => works.map(({ work }) => work);

describe('the purchase queue', () => {
  it('sends away who has waited for too long, though the turn before does not end', async () => {
    const bench = new Bench({ waitMs: 20 });
    const first = bench.queue.submit(1, 'served');
    const late = bench.queue.submit(1, 'late');
    await expect(late).rejects.toMatchObject({ code: 'INVENTORY_BUSY' });
    expect(bench.batches.map(({ works }) => names(works))).toEqual([['served']]);
    bench.batches[0]!.finish();
    expect(await first).toBe('done: served');
  });

  it('gives no turn to whose client had gone before it came', async () => {
    const bench = new Bench();
    const gone = new Error('gone');
    await expect(bench.queue.submit(1, 'nobody waits', AbortSignal.abort(gone))).rejects.toBe(gone);
    expect(bench.batches).toHaveLength(0);
  });

  it('serves whoever finds it idle at once, and all who came meanwhile together, in their order', async () => {
    const { queue, batches } = new Bench();
    const answers = ['a', 'b', 'c', 'd'].map((work) => queue.submit(1, work));
    expect(batches.map(({ works }) => names(works))).toEqual([['a']]);
    batches[0]?.finish();
    await settle();
    expect(batches.map(({ works }) => names(works))).toEqual([['a'], ['b', 'c', 'd']]);
    batches[1]?.finish();
    expect(await Promise.all(answers)).toEqual(['done: a', 'done: b', 'done: c', 'done: d']);
  });

  it('lets no show with a crowd keep another show waiting', async () => {
    const { queue, batches } = new Bench();
    for (let buyer = 0; buyer < 100; buyer += 1) void queue.submit(1, `crowd ${buyer}`);
    void queue.submit(2, 'quiet');
    expect(batches.map(({ works }) => names(works))).toEqual([['crowd 0'], ['quiet']]);
  });

  it('serves quiet shows by one batch at a time, and a crowd beside it', async () => {
    const { queue, batches } = new Bench();
    for (const showId of [1, 2, 3, 4, 5]) void queue.submit(showId, `show ${showId}`);
    batches[0]?.finish();
    await settle();
    expect(names(batches.at(-1)?.works ?? [])).toEqual(['show 4', 'show 5']);
    batches[1]?.finish();
    await settle();
    void queue.submit(6, 'waits for the shared batch');
    expect(batches).toHaveLength(4);
    for (let buyer = 0; buyer < 16; buyer += 1) void queue.submit(7, `crowd ${buyer}`);
    expect(batches.at(-1)?.works).toHaveLength(16);
    batches[3]?.finish();
    await settle();
    expect(names(batches.at(-1)?.works ?? [])).toEqual(['waits for the shared batch']);
  });

  it('lets others go past a shared batch that does not come to its end', async () => {
    const { queue, batches } = new Bench();
    for (const showId of [1, 2, 3, 4, 5]) void queue.submit(showId, `show ${showId}`);
    batches[0]?.finish();
    await settle();
    const answer = queue.submit(6, 'goes past');
    batches[1]?.finish();
    batches[2]?.finish();
    await settle();
    expect(batches).toHaveLength(4);
    while (batches.length === 4) await settle();
    batches[4]?.finish();
    expect(await answer).toBe('done: goes past');
  });

  it('sends away at once whoever comes when it is full, and says when to come again', async () => {
    const { queue } = new Bench();
    for (let buyer = 0; buyer <= 4_096; buyer += 1) void queue.submit(1, `buyer ${buyer}`);
    await expect(queue.submit(1, 'one too many')).rejects.toMatchObject({
      code: 'INVENTORY_BUSY',
      details: { retryAfterMs: expect.any(Number) },
    });
  });

  it('does not carry out what nobody waits for any more', async () => {
    const { queue, batches } = new Bench();
    const gone = new AbortController();
    void queue.submit(1, 'first');
    const left = queue.submit(1, 'left', gone.signal);
    const stayed = queue.submit(1, 'stayed');
    gone.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    batches[0]?.finish();
    await settle();
    expect(names(batches[1]?.works ?? [])).toEqual(['stayed']);
    batches[1]?.finish();
    expect(await stayed).toBe('done: stayed');
  });

  it('goes on in the same turn with those who came meanwhile, up to the first who wants something else', async () => {
    const { queue, batches } = new Bench();
    const answers = ['a', 'b', 'c', 'other', 'd'].map((work) => queue.submit(1, work));
    const accept = (work: string) => work !== 'other';
    batches[0]?.goOn(accept);
    expect(await answers[0]).toBe('done: a');
    expect(names(batches[1]?.works ?? [])).toEqual(['b', 'c']);
    batches[1]?.goOn(accept);
    await settle();
    // Nobody was accepted, so the turn has ended, and the next one has begun.
    expect(names(batches[2]?.works ?? [])).toEqual(['other', 'd']);
    batches[2]?.finish();
    expect(await Promise.all(answers)).toEqual(['a', 'b', 'c', 'other', 'd'].map((work) => `done: ${work}`));
  });

  it('ends the turn of a show where others wait for a lane', async () => {
    const { queue, batches } = new Bench();
    const showIds = [1, 2, 3];
    for (const showId of showIds) void queue.submit(showId, `first of ${showId}`);
    for (const showId of showIds) void queue.submit(showId, `second of ${showId}`);
    void queue.submit(4, 'without a lane');
    batches[0]?.goOn(() => true);
    await settle();
    expect(names(batches[3]?.works ?? [])).toContain('without a lane');
  });

  it('answers a large batch completely, each with its own result', async () => {
    const { queue, batches } = new Bench();
    const first = queue.submit(1, 'first');
    const answers = Array.from({ length: 40 }, (_, buyer) => queue.submit(1, `buyer ${buyer}`));
    batches[0]?.finish();
    await first;
    await settle();
    batches[1]?.finish();
    expect(await Promise.all(answers)).toEqual(answers.map((_, buyer) => `done: buyer ${buyer}`));
  });

  it('goes on after a batch that failed as a whole', async () => {
    const { queue, batches } = new Bench();
    const first = queue.submit(1, 'first');
    const second = queue.submit(1, 'second');
    batches[0]?.fail(new Error('the database is away'));
    await expect(first).rejects.toThrow('the database is away');
    await settle();
    batches[1]?.finish();
    expect(await second).toBe('done: second');
  });

  it('serves everyone once, first come first served within a show, and no show twice at the same time', async () => {
    const arrivals = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 120 });
    await fc.assert(
      fc.asyncProperty(arrivals, fc.array(fc.nat(7), { maxLength: 40 }), async (shows, choices) => {
        const { queue, batches } = new Bench();
        const open = new Set<(typeof batches)[number]>();
        const served: Served[number][] = [];
        let watched = 0;
        const finishOne = async (choice: number) => {
          const running = batches.filter((batch) => open.has(batch));
          const batch = running[choice % running.length];
          if (batch === undefined) return;
          open.delete(batch);
          batch.finish();
          await settle();
          watch();
        };
        const watch = () => {
          for (const batch of batches.slice(watched)) {
            const busy = new Set([...open].flatMap(({ works }) => works.map(({ showId }) => showId)));
            for (const { showId } of batch.works) expect(busy).not.toContain(showId);
            open.add(batch);
            served.push(...batch.works);
          }
          watched = batches.length;
        };
        const answers = shows.map((showId, index) => queue.submit(showId, `${showId}:${index}`));
        watch();
        for (const choice of choices) await finishOne(choice);
        while (open.size > 0) await finishOne(0);
        const results = await Promise.all(answers);
        expect(results).toEqual(shows.map((showId, index) => `done: ${showId}:${index}`));
        for (const show of new Set(shows)) {
          const inOrder = shows.flatMap((showId, index) => (showId === show ? [`${showId}:${index}`] : []));
          expect(served.filter(({ showId }) => showId === show).map(({ work }) => work)).toEqual(inOrder);
        }
      }),
    );
  });
});
