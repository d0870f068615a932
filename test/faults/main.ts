import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { writeBetween } from '../../bench/support/document.js';
import { findRedisBinary } from '../../dev/redis.js';
import { makeRunDirectory } from '../../dev/run-directory.js';
import { INVARIANTS } from './harness/invariants.js';
import { prepare } from './harness/prepared.js';
import type { Outcome, Row, RowContext } from './harness/row.js';
import { stackOf, withStrays } from './harness/stray-errors.js';
import { isAsPromised, type Result, table, verdictOn, wordsOn } from './harness/table.js';
import { ROWS } from './rows/index.js';

const USAGE = `Usage: npm run test:faults -- [options]
  --quick             a few of each fault: shows that everything works
  --only <row,...>    of ${ROWS.map(({ name }) => name).join(', ')}
  --seed <n>          who does what, and what breaks when
  --minutes <n>       of the soak; 30 unless given
  --jobs <n>          rows at once; 1 unless given, 2 with --quick
  --write <file>      puts the table in the place that the document keeps for it`;

const { values: given } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    seed: { type: 'string' },
    minutes: { type: 'string' },
    jobs: { type: 'string' },
    write: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (given.help) console.log(USAGE);
else process.exitCode = (await main()) ? 0 : 1;

async function main(): Promise<boolean> {
  if (findRedisBinary() === undefined) throw new Error('This needs redis-server or valkey-server on PATH.');
  const seed = number(given.seed, Math.floor(Math.random() * 1_000_000));
  const rows = chosen(given.only?.split(','));
  const document = given.write === undefined ? undefined : readFileSync(given.write, 'utf8');
  const directory = makeRunDirectory('boxoffice-faults-');
  process.env.TEST_DIRECTORY = directory;
  console.log(`seed ${seed}${given.quick ? ', quick' : ''}`);
  const started = performance.now();
  try {
    const prepared = await prepare(directory);
    const common = { quick: given.quick, seed, soakMinutes: number(given.minutes, 30), prepared, directory };
    const results = await runAll(rows, common, number(given.jobs, given.quick ? 2 : 1));
    const written = table(results);
    console.log(`\nseed ${seed}; every row ends with: ${INVARIANTS.join('; ')}.\n\n${written}\n`);
    tellTroubles(results);
    if (given.write !== undefined && document !== undefined) {
      const form = given.quick ? 'the short form' : 'in full';
      writeFileSync(given.write, writeBetween(document, 'faults', `Seed ${seed}, ${form}.\n\n${written}`));
    }
    console.log(`${results.filter(isAsPromised).length} of ${results.length} rows are as promised, `);
    console.log(`in ${Math.round((performance.now() - started) / 1000)} s`);
    return results.every(isAsPromised);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** So many at a time, each with servers of its own; the results in the order of the table. */
async function runAll(
  rows: readonly Row[],
  common: Omit<RowContext, 'progress'>,
  atOnce: number,
): Promise<Result[]> {
  const results: Result[] = [];
  // The longest first, or it would be waited for alone in the end.
  const waiting = rows.toSorted((a, b) => Number(b.isLong ?? false) - Number(a.isLong ?? false));
  const work = async () => {
    for (let row = waiting.shift(); row !== undefined; row = waiting.shift()) {
      results[rows.indexOf(row)] = await runOne(row, common);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return results;
}

async function runOne(row: Row, common: Omit<RowContext, 'progress'>): Promise<Result> {
  const started = performance.now();
  const seconds = () => Math.round((performance.now() - started) / 1000);
  const progress = (text: string) => console.error(`[${row.name}, ${seconds()} s] ${text}`);
  const { result: own, strays } = await withStrays<Outcome>(() =>
    row.run({ ...common, progress }).catch((error: unknown) => ({
      times: 0,
      seen: 'the row itself failed',
      broken: [],
      failure: stackOf(error),
    })),
  );
  const failures = [...(own.failure === undefined ? [] : [own.failure]), ...strays];
  const outcome = failures.length === 0 ? own : { ...own, failure: failures.join('\n') };
  const result = { row, outcome, seconds: seconds() };
  progress(`${verdictOn(result)}: ${wordsOn(result)}`);
  if (!isAsPromised(result)) for (const sentence of troublesOf(outcome).slice(0, 3)) progress(sentence);
  return result;
}

function troublesOf({ failure, broken }: Outcome): readonly string[] {
  return failure === undefined ? broken : [failure, ...broken];
}

function tellTroubles(results: readonly Result[]): void {
  for (const result of results.filter((one) => !isAsPromised(one))) {
    const { row, outcome } = result;
    console.log(`${row.name}: ${verdictOn(result)}`);
    const troubles = troublesOf(outcome);
    for (const sentence of troubles.slice(0, 20)) console.log(`  - ${sentence}`);
    if (troubles.length > 20) console.log(`  and ${troubles.length - 20} more`);
  }
}

function chosen(only: readonly string[] | undefined): readonly Row[] {
  const unknown = only?.filter((wanted) => !ROWS.some(({ name }) => name === wanted)) ?? [];
  if (unknown.length > 0) throw new Error(`There is no row ${unknown.join(', ')}.\n${USAGE}`);
  return ROWS.filter(({ name }) => only?.includes(name) ?? true);
}

function number(text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (!(value > 0)) throw new Error(`${text} is no number of anything.\n${USAGE}`);
  return value;
}
