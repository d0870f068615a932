import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeBetween } from '../../bench/support/document.js';
import globalSetup, { stopPrivateServers } from '../support/global-setup.js';
import { type Row, run } from './arena.js';
import type { Attack } from './attack.js';

const USAGE = `Usage: npm run test:security -- [options]
  --quick         as in CI
  --times <n>     of each attack, instead of what it says itself
  --only <name>   attacks in whose names this stands
  --seed <n>      tries again what was tried with this seed
  --write <file>  puts the table of all attacks into the place that the document keeps for it`;

const { values: given } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    times: { type: 'string' },
    only: { type: 'string', default: '' },
    seed: { type: 'string' },
    write: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (given.help) console.log(USAGE);
else process.exitCode = (await main()) ? 0 : 1;

/** @returns whether every attack was withstood */
async function main(): Promise<boolean> {
  const seed = Number(given.seed ?? Date.now() % 2_147_483_647);
  const attacks = (await allAttacks()).filter(({ name }) => name.includes(given.only));
  if (attacks.length === 0) throw new Error(`There is no attack with ${given.only} in its name.\n${USAGE}`);
  if (given.write !== undefined && given.only !== '') throw new Error('Only a whole run is written down.');
  const document = given.write === undefined ? undefined : readFileSync(given.write, 'utf8');
  await globalSetup();
  try {
    // It reads, when it is loaded, what the setup has found.
    const { startWorld } = await import('../support/world.js');
    const world = await startWorld();
    const rows: Row[] = [];
    try {
      for (const attack of attacks) {
        console.error(`${attack.name} (seed ${seed}) ...`);
        const row = await run(attack, world, seed, timesOf(attack));
        if (row.failure) console.error(row.failure);
        rows.push(row);
      }
    } finally {
      await world.close();
    }
    const extent = `Seed ${seed}${given.quick ? ', as in CI' : ''}.`;
    console.log(`\n${timings(rows)}\n\n${table(rows)}\n\n${extent}`);
    if (given.write !== undefined && document !== undefined) {
      writeFileSync(given.write, writeBetween(document, 'attacks', `${extent}\n\n${table(rows)}`));
    }
    return rows.every(({ failure }) => failure === undefined);
  } finally {
    await stopPrivateServers();
  }
}

function timesOf({ times }: Attack): number {
  if (given.times !== undefined) return Number(given.times);
  return given.quick ? times.quick : times.full;
}

/** Every file of `attacks/` is one. */
async function allAttacks(): Promise<Attack[]> {
  const folder = join(import.meta.dirname, 'attacks');
  const files = readdirSync(folder).filter((file) => file.endsWith('.js'));
  return Promise.all(
    files.toSorted().map(async (file) => ((await import(join(folder, file))) as { default: Attack }).default),
  );
}

/** Without times: those are the machine's. */
function table(rows: readonly Row[]): string {
  const lines = rows.map(
    ({ name, times, outcome }) => `| ${name} | ${times.toLocaleString('en-US')} | ${outcome} |`,
  );
  return ['| attack | tried | outcome |', '| --- | ---: | --- |', ...lines].join('\n');
}

function timings(rows: readonly Row[]): string {
  return rows.map(({ name, seconds }) => `${seconds.toFixed(1).padStart(7)} s  ${name}`).join('\n');
}
