import { Random } from '../../../bench/onsale/random.js';
import type { Cluster } from './cluster.js';
import { contradictions, contradictionsNow } from './invariants.js';
import { inWords } from './journal.js';
import { NotJudged, type Outcome, type RowContext } from './row.js';
import { openScene, type Scene, type SceneOptions } from './scene.js';
import { misled, settle } from './settle.js';
import { stackOf } from './stray-errors.js';

/** Purchases before anything goes wrong, by which the machine itself is measured. */
const WARM_UP = 40;
/** How often longer than before any fault something may take on a machine that has more to do than then. */
const SLOWER = 4;
/** Where it took so many times what is promised already before any fault, nothing can be said of it during one. */
const TOO_SLOW = 2.5;

/** A sale under way, for faults to be injected into. */
export interface Trial extends Scene {
  /** Follows from the seed and the row's name. */
  readonly random: Random;
  /** What this machine takes for a free purchase and between two, at the most and without any fault; in milliseconds. */
  readonly usual: { readonly freeMs: number; readonly gapMs: number };
  progress(text: string): void;
  /** Notes that something which must hold does not. */
  demand(holds: boolean, otherwise: string): void;
  /** For how long something may take that is promised within so many milliseconds and usually takes so many here. */
  limit(promisedMs: number, usualMs: number): number;
  /** Notes that something took longer than `limit`, and than what the machine was busy with otherwise since `from`. */
  demandWithin(took: { readonly ms: number; readonly from: number }, limitMs: number, what: string): void;
  /** Counts one injection. */
  struck(): void;
  /** Everything so far that must not be so at any instant; for controls, whose guards are removed. */
  failuresSoFar(): Promise<string[]>;
}

export interface TrialOptions extends SceneOptions {
  readonly name: string;
  /** Nothing is compared at the end: what was seen on the way is what counts. */
  readonly withoutEnd?: boolean;
}

/** What comes of a trial, while it goes on. */
interface Findings {
  times: number;
  seen: string;
  readonly broken: string[];
  notJudged?: string;
  failure?: string;
}

/**
 * Starts everything, lets buyers in, injects the faults, ends them, waits until nothing is left to do, and compares
 * what everybody believes.
 *
 * @param inject returns what was seen, in a few words
 */
export async function tryOut(
  context: RowContext,
  options: TrialOptions,
  inject: (trial: Trial) => Promise<string>,
): Promise<Outcome> {
  const random = new Random(context.seed ^ hash(options.name));
  await using stack = new AsyncDisposableStack();
  const scene = await openScene(context, options, random, stack);
  const { cluster, crowd, sampler, sale } = scene;
  const findings: Findings = { times: 0, seen: 'it did not come to its end', broken: [] };
  const opened = performance.now();
  let slackMs = 0;
  await attempt(findings, async () => {
    await crowd.buys(WARM_UP);
    const trial = trialOf(scene, context, random, findings, opened);
    slackMs = SLOWER * trial.usual.freeMs;
    findings.seen = await inject(trial);
  });
  if (findings.failure !== undefined) await describe(cluster, context);
  cluster.heal();
  if (!options.withoutEnd && findings.failure === undefined) await attempt(findings, () => crowd.buys(10));
  for (const end of [() => sale.end(), () => crowd.stop(), () => sampler.stop(slackMs)]) {
    await attempt(findings, end);
  }
  if (!options.withoutEnd) await attempt(findings, () => compare(scene, context, findings));
  return outcomeOf(scene, findings);
}

/** What fails is a finding too, and what comes after it is not left out. */
async function attempt(findings: Findings, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof NotJudged) findings.notJudged ??= error.message;
    else findings.failure ??= stackOf(error);
  }
}

function trialOf(
  scene: Scene,
  context: RowContext,
  random: Random,
  findings: Findings,
  opened: number,
): Trial {
  const { journal, sampler } = scene;
  const warm = performance.now();
  const demand = (holds: boolean, otherwise: string) => {
    if (!holds) findings.broken.push(otherwise);
  };
  return {
    ...scene,
    random,
    usual: { freeMs: journal.longestFree(opened, warm), gapMs: journal.longestGap(opened, warm) },
    progress: context.progress,
    demand,
    limit(promisedMs, usualMs) {
      if (usualMs > TOO_SLOW * promisedMs) {
        findings.notJudged ??= `what is to take ${promisedMs} ms was compared with ${Math.round(usualMs)} ms without any fault`;
      }
      return promisedMs + SLOWER * usualMs;
    },
    demandWithin({ ms, from }, limitMs, what) {
      const allowed = limitMs + sampler.stolenMs(from, from + ms);
      demand(ms <= allowed, `${what} for ${Math.round(ms)} ms, of ${Math.round(allowed)} ms at the most`);
    },
    struck: () => {
      findings.times += 1;
    },
    failuresSoFar: async () => [...sampler.broken, ...(await contradictionsNow(witnessesOf(scene)))],
  };
}

function witnessesOf({ cluster: { pool, stripe }, journal }: Scene) {
  return { pool, stripe, journal };
}

/** After a failure only what must not be so at any instant: whether all comes to its end then says nothing. */
async function compare(scene: Scene, { progress }: RowContext, { broken, failure }: Findings): Promise<void> {
  const { cluster, journal, sampler, watchers } = scene;
  progress(`comparing; ${inWords(journal.outcomes())}`);
  broken.push(...sampler.broken);
  if (failure !== undefined) {
    broken.push(...(await contradictionsNow(witnessesOf(scene))));
    return;
  }
  broken.push(...(await settle(cluster)));
  broken.push(...(await misled(cluster, watchers)));
  broken.push(...(await contradictions(witnessesOf(scene))));
}

function outcomeOf({ journal, sampler }: Scene, { broken, seen, ...found }: Findings): Outcome {
  const paid = journal.told.filter((told) => told.paid).length;
  return {
    ...found,
    seen: `${seen}; ${journal.told.length} orders, ${paid} paid, ${sampler.samples} samples`,
    broken: [...new Set(broken)],
  };
}

/** For whoever has to find out why the row could not go on. */
async function describe({ members, pool }: Cluster, { progress }: RowContext): Promise<void> {
  for (const member of members) {
    const health = await member.readHealth().catch((error: Error) => error.message);
    const troubles = member.troubles();
    progress(`${member.name}: ${JSON.stringify(health)}, ${troubles.length} errors logged`);
    for (const trouble of troubles.slice(-5)) progress(`${member.name}: ${trouble}`);
  }
  const busy = await pool
    .query("select state, wait_event, left(query, 100) as query from pg_stat_activity where state <> 'idle'")
    .catch((error: Error) => ({ rows: [error.message] }));
  progress(`PostgreSQL: ${JSON.stringify(busy.rows.slice(0, 10))}`);
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const character of text) value = Math.imul(value ^ character.charCodeAt(0), 0x01000193);
  return value >>> 0;
}
