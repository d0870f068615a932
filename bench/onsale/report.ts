import { Latencies, type LatencyCounts } from '../support/latencies.js';
import type { Ending } from './jobs.js';
import { errorsOf, type Replay } from './replay.js';
import type { Sample } from './sampler.js';

export interface Percentiles {
  readonly count: number;
  /** In milliseconds. */
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly longest: number;
}

/** The figures, as `--json` writes them. Times are in seconds after the opening unless they say otherwise. */
export type Report = ReturnType<typeof reportOf>;

const STEP_MS = 5_000;

export function reportOf(replay: Replay) {
  const { plays, settled, sampler, opensAt, quantity } = replay;
  const samples = sampler.samples;
  const afterOpening = (sample: Sample | undefined) => sample && (sample.at - opensAt) / 1_000;
  const operations = [...new Set(plays.flatMap(({ latencies }) => Object.keys(latencies)))].sort();
  const sum = (count: (result: (typeof settled)[number]) => number) =>
    settled.reduce((total, result) => total + count(result), 0);
  const lateness = sinceCommit(replay);
  return {
    arrivals: plays.reduce((total, play) => total + play.arrivals, 0),
    seconds: replay.seconds,
    tickets: quantity,
    sold: sampler.last.sold,
    nothingLeftAfter: afterOpening(samples.find(({ held, sold }) => held + sold === quantity)),
    soldOutAfter: afterOpening(samples.find(({ sold }) => sold === quantity)),
    timeline: timeline(samples, opensAt),
    operations: Object.fromEntries(
      operations.map((name) => [name, percentiles(plays.map(({ latencies }) => latencies[name] ?? []))]),
    ),
    errors: errorsOf(plays),
    endings: endingsOf(plays.flatMap(({ endings }) => endings)),
    subscribers: {
      watching: sum(({ watching }) => watching),
      messages: sum(({ deliveries }) => deliveries),
      changesToldOf: sum(({ changes }) => changes),
      merged: sum(({ changes, deliveries }) => Math.max(0, changes - deliveries)),
      wrongAtTheEnd: sum(({ wrong }) => wrong),
      afterSending: percentiles(settled.map(({ sinceSent }) => sinceSent)),
      afterTheCommit: lateness.percentiles,
      /** Of these messages it is known when what they tell was committed. */
      commitKnown: lateness.known,
    },
    stripe: replay.stripe,
    mails: replay.mails,
    logged: replay.logged,
    usage: replay.usage,
    longestStallsMs: replay.readings.map(({ longestStallMs }) => longestStallMs),
    inServers: inServers(replay),
    /** The process of those who buy comes first. */
    loadLate: plays.map(({ lag }) => lag),
    broken: replay.broken,
  };
}

/** From the reading of a request to the end of its answer, by operation. */
function inServers({ readings }: Replay): Record<string, Percentiles> {
  const operations = [...new Set(readings.flatMap(({ requests }) => Object.keys(requests)))].sort();
  return Object.fromEntries(
    operations.map((name) => [name, percentiles(readings.map(({ requests }) => requests[name] ?? []))]),
  );
}

function percentiles(parts: readonly LatencyCounts[]): Percentiles {
  const all = Latencies.of(...parts);
  return {
    count: all.count,
    p50: all.percentile(50),
    p90: all.percentile(90),
    p99: all.percentile(99),
    longest: all.percentile(100),
  };
}

/** From the commit of the newest change that a message tells of, where the sampler caught them all. */
function sinceCommit({ settled, sampler, opensAt }: Replay): { percentiles: Percentiles; known: number } {
  const latencies = new Latencies();
  for (const { versions, at } of settled.flatMap(({ arrivals }) => arrivals)) {
    const commits = versions.map(([ticketId, version]) => sampler.commitOf(ticketId, version));
    if (commits.includes(undefined)) continue;
    const newest = Math.max(...(commits as number[]));
    // At the opening everybody is told of another status, which no commit has made.
    if (newest < opensAt) continue;
    for (const [instant, count] of at) latencies.record(instant - newest, count);
  }
  const delivered = settled.reduce((total, { deliveries }) => total + deliveries, 0);
  return { percentiles: percentiles([latencies.counts()]), known: latencies.count / delivered };
}

function timeline(samples: readonly Sample[], opensAt: number) {
  const last = samples.at(-1)?.at ?? opensAt;
  const points: { after: number; held: number; sold: number }[] = [];
  for (let at = opensAt + STEP_MS; at < last + STEP_MS; at += STEP_MS) {
    const sample = samples.findLast((candidate) => candidate.at <= at);
    points.push({ after: (at - opensAt) / 1_000, held: sample?.held ?? 0, sold: sample?.sold ?? 0 });
  }
  return points;
}

function endingsOf(endings: readonly Ending[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { habit, ending, count } of endings) {
    const name = `${habit}: ${ending}`;
    counts[name] = (counts[name] ?? 0) + count;
  }
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => a.localeCompare(b)));
}
