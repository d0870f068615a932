import { hash } from 'node:crypto';
import { Random } from '../../bench/onsale/random.js';
import type { TestServer } from '../support/server.js';
import type { World } from '../support/world.js';
import type { Arena, Attack } from './attack.js';
import { breachOf } from './verdict.js';

const LANES = 8;
/** What is logged where something failed that nobody thought of. */
const UNEXPECTED = /unexpectedly|could not be (handled|applied|noted)|unhandled/i;

export interface Row {
  readonly name: string;
  readonly times: number;
  readonly seconds: number;
  readonly outcome: string;
  readonly failure: Error | undefined;
}

/** Runs one attack, and then looks whether the server is as well as before. */
export async function run(attack: Attack, world: World, seed: number, times: number): Promise<Row> {
  const notes = new Map<string, number>();
  const note = (what: string) => void notes.set(what, (notes.get(what) ?? 0) + 1);
  // Of the name too, so that an attack tries the same whether or not it is run alone.
  const own = Number.parseInt(hash('sha256', `${seed} ${attack.name}`).slice(0, 8), 16);
  const arena: Arena = {
    world,
    times,
    random: new Random(own),
    attempt: (one, lanes = LANES) =>
      inLanes(times, lanes, (index) => one(new Random(own + 7_919 * index), index)),
    judge(answer) {
      note(answer.status === undefined ? 'messages' : `HTTP ${answer.status}`);
      const breach = breachOf(answer);
      if (breach !== undefined) throw new Error(breach);
    },
    note,
  };
  const started = performance.now();
  const logged = new Map(world.servers.map((server) => [server, server.logs().length]));
  let said: string | undefined;
  let failure: Error | undefined;
  try {
    said = (await attack.run(arena)) ?? undefined;
    await isWell(world, logged);
  } catch (error) {
    failure = new Error(`${attack.name}\n${lastErrors(world)}`, { cause: error });
  }
  const counted = [...notes].toSorted().map(([what, count]) => `${what}: ${count.toLocaleString('en-US')}`);
  const outcome = [failure ? 'BROKEN' : 'held', ...(said === undefined ? [] : [said]), counted.join(', ')];
  return {
    name: attack.name,
    times,
    seconds: (performance.now() - started) / 1000,
    outcome: outcome.filter((part) => part !== '').join('; '),
    failure,
  };
}

/** What the servers had to say lately that is no good news. */
function lastErrors(world: World): string {
  const errors = world.servers.flatMap((server) => server.logs().filter(({ level }) => level === 'error'));
  return errors
    .slice(-3)
    .map((entry) => JSON.stringify(entry).slice(0, 3_000))
    .join('\n');
}

async function inLanes(times: number, lanes: number, one: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  let failed = false;
  const lane = async () => {
    while (next < times && !failed) {
      const index = next;
      next += 1;
      try {
        await one(index);
      } catch (cause) {
        failed = true;
        throw new Error(`Attempt ${index}: ${cause instanceof Error ? cause.message : cause}`, { cause });
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

/**
 * The process lives, answers, and has met no failure that it did not expect.
 *
 * @param logged how much each server had logged before
 */
async function isWell(world: World, logged: ReadonlyMap<TestServer, number>): Promise<void> {
  for (const server of world.servers) {
    const died = await Promise.race([server.exited, undefined]);
    if (died !== undefined) throw new Error(`The process has died: ${JSON.stringify(died)}`);
    const { status } = await fetch(`${server.url}/health/ready`);
    if (status !== 200) throw new Error(`The server is not ready any more: ${status}`);
    const entries = server.logs().slice(logged.get(server) ?? 0);
    const failed = entries.find(({ level, msg }) => level === 'error' && UNEXPECTED.test(`${msg}`));
    if (failed) throw new Error(`The server failed unexpectedly: ${JSON.stringify(failed).slice(0, 2_000)}`);
  }
}
