import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { groups } from './rows/index.js';
import type { Bench } from './support/bench.js';
import { writeInto } from './support/document.js';
import { describeMachine, type Machine } from './support/machine.js';
import { findPgbench } from './support/pgbench.js';
import { table } from './support/report.js';
import { isMet, type Row } from './support/row.js';
import { startStack } from './support/stack.js';
import { startWorker } from './support/worker.js';

const USAGE = `Usage: npm run bench -- [options]
  --quick             very short: shows that everything works, not how fast it is
  --only <row,...>    of ${groups.map(({ name }) => name).join(', ')}
  --rounds <n>        how often everything is measured in turn
  --seconds <n>       of one measurement
  --minutes <n>       of the soak
  --json <file>       writes every figure
  --markdown <file>   writes the table
  --write <file>      puts the table in the place that the file keeps for it`;

const { values: given } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    minutes: { type: 'string' },
    json: { type: 'string' },
    markdown: { type: 'string' },
    write: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (given.help) {
  console.log(USAGE);
} else {
  await main();
}

async function main(): Promise<void> {
  const only = given.only?.split(',');
  const unknown = only?.filter((wanted) => !groups.some(({ name }) => name === wanted)) ?? [];
  if (unknown.length > 0) throw new Error(`There is no row ${unknown.join(', ')}.\n${USAGE}`);
  const before = given.write === undefined ? undefined : readFileSync(given.write, 'utf8');
  const started = performance.now();
  const progress = (text: string) =>
    console.error(`[${Math.round((performance.now() - started) / 1000)} s] ${text}`);
  await using stack = await startStack();
  await using load = startWorker<never, never>(import.meta.url, './support/load-process.js');
  const pgbench = await findPgbench();
  const bounds = extent();
  const machine = {
    ...(await describeMachine(stack, pgbench?.version)),
    measured: `${bounds.rounds} rounds of ${bounds.seconds} s each`,
  };
  printMachine(machine);
  if (given.quick) console.log('quick: the figures say nothing of how fast anything is, only that it works.');
  const common = { stack, pgbench, load, ...bounds } satisfies Omit<Bench, 'progress'>;
  const rows: Row[] = [];
  for (const group of groups.filter(({ name }) => only?.includes(name) ?? true)) {
    const bench = { ...common, progress: (text: string) => progress(`${group.name}: ${text}`) };
    const measured = await group.run(bench);
    console.log(`\n${group.name}\n\n${table(measured)}`);
    rows.push(...measured);
  }
  report(machine, rows);
  if (given.write !== undefined && before !== undefined) {
    writeFileSync(given.write, writeInto(before, machine, rows));
  }
  progress('done');
}

function extent(): Pick<Bench, 'rounds' | 'seconds' | 'scale' | 'soakMinutes'> {
  const usual = given.quick
    ? { rounds: 1, seconds: 0.5, scale: 0.05, soakMinutes: 0.05 }
    : { rounds: 5, seconds: 3, scale: 1, soakMinutes: 0.75 };
  const number = (text: string | undefined, otherwise: number) => {
    const value = text === undefined ? otherwise : Number(text);
    if (!(value > 0)) throw new Error(`${text} is no number of anything.\n${USAGE}`);
    return value;
  };
  return {
    ...usual,
    rounds: Math.ceil(number(given.rounds, usual.rounds)),
    seconds: number(given.seconds, usual.seconds),
    soakMinutes: number(given.minutes, usual.soakMinutes),
  };
}

function printMachine(machine: Machine): void {
  for (const [name, value] of Object.entries(machine)) console.log(`${name}: ${value}`);
  console.log(
    'product: dist/src/main.js, NODE_ENV=production, LOG_LEVEL=info, RATE_LIMITS=off; WORKER=off, since in production\n' +
      'the worker is a process of its own. PostgreSQL is durable. Load, servers, PostgreSQL and Redis share the machine.',
  );
}

function report(machine: Machine, rows: readonly Row[]): void {
  const judged = rows.filter(({ conditions }) => conditions.length > 0);
  console.log(
    `\nIn all\n\n${table(rows)}\n\n${judged.filter(isMet).length} of ${judged.length} targets met.`,
  );
  if (given.json) {
    writeFileSync(resolve(given.json), `${JSON.stringify({ machine, rows }, null, 2)}\n`);
  }
  if (given.markdown) writeFileSync(resolve(given.markdown), `${table(rows)}\n`);
}
