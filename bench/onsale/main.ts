import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { writeFigures } from '../support/document.js';
import { describeMachine } from '../support/machine.js';
import { type Extent, holdMs, planOf } from './plan.js';
import { inWords } from './print.js';
import { descriptorLimit } from './proxy.js';
import { replay } from './replay.js';
import { type Report, reportOf } from './report.js';
import { startWorld } from './world.js';

const USAGE = `Usage: npm run bench:onsale -- [options]
  --scale <share>                 of 25,000 people, 2,000 tickets and Stripe's rate; 1 unless given
  --tempo <n>                     how many times as fast everything goes; 1 unless given
  --quick                         --scale 0.005 --tempo 8: shows that everything works
  --seed <n>                      who does what, and when
  --crowd <n>                     processes that play those who watch; 2 unless given
  --stripe-rate <n>               requests a second that Stripe answers; 100 unless given
  --stripe-endpoint-rate <n>      the same of each endpoint; no limit of its own unless given
  --json <file>                   writes every figure
  --write <file>                  puts the figures in the place that the document keeps for them`;

const { values: given } = parseArgs({
  options: {
    scale: { type: 'string' },
    tempo: { type: 'string' },
    quick: { type: 'boolean', default: false },
    seed: { type: 'string' },
    crowd: { type: 'string' },
    'stripe-rate': { type: 'string' },
    'stripe-endpoint-rate': { type: 'string' },
    json: { type: 'string' },
    write: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const STRIPE_RATE = 100;
const QUICK = { scale: 0.005, tempo: 8 };
/** A process of the crowd has half of the subscribers, and room for requests that are under way. */
const ROOM = 1.5;

if (given.help) console.log(USAGE);
else process.exitCode = (await main()).broken.length === 0 ? 0 : 1;

async function main(): Promise<Report> {
  const extent: Extent = {
    seed: number(given.seed, Math.floor(Math.random() * 1_000_000)),
    scale: number(given.scale, given.quick ? QUICK.scale : 1),
    tempo: number(given.tempo, given.quick ? QUICK.tempo : 1),
  };
  const crowd = number(given.crowd, 2);
  const people = planOf(extent).length;
  checkRoom(people, crowd);
  const document = given.write === undefined ? undefined : readFileSync(given.write, 'utf8');
  const rate = (text: string) => Math.max(2, number(text, STRIPE_RATE) * extent.scale * extent.tempo);
  const stripeRate = rate(given['stripe-rate'] ?? String(STRIPE_RATE));
  const endpointRate = given['stripe-endpoint-rate'];
  await using world = await startWorld({
    stripeRate,
    stripeEndpointRate: endpointRate === undefined ? undefined : rate(endpointRate),
    holdMs: holdMs(extent),
    connections: Math.ceil(people * ROOM),
  });
  const machine = {
    ...(await describeMachine(world.stack, undefined)),
    proxy: world.proxies.description,
    stripe: `the local one, ${stripeRate} requests/s${endpointRate === undefined ? '' : `, ${rate(endpointRate)} of each endpoint`}`,
    replay: `seed ${extent.seed}, scale ${extent.scale}, tempo ${extent.tempo}, ${people} people, holds of ${holdMs(extent) / 1000} s`,
  };
  for (const [name, value] of Object.entries(machine)) console.log(`${name}: ${value}`);
  console.log(
    'product: two processes of dist/src/main.js and one of dist/src/work.js, NODE_ENV=production, LOG_LEVEL=info,\n' +
      'RATE_LIMITS=off, since all these people come from a handful of addresses. PostgreSQL is durable. People, proxy,\n' +
      'Stripe, servers, PostgreSQL and Redis share the machine.\n',
  );
  const started = performance.now();
  const progress = (text: string) =>
    console.error(`[${Math.round((performance.now() - started) / 1000)} s] ${text}`);
  const report = reportOf(await replay(world, extent, crowd, progress));
  const words = inWords(report);
  console.log(words);
  if (given.json !== undefined)
    writeFileSync(given.json, `${JSON.stringify({ machine, ...report }, null, 2)}\n`);
  if (given.write !== undefined && document !== undefined) {
    writeFileSync(given.write, writeFigures(document, machine, words));
  }
  return report;
}

/** @throws with what to do when the system does not give a process enough file descriptors */
function checkRoom(people: number, crowd: number): void {
  const needed = Math.ceil((people * ROOM) / Math.min(crowd, 2));
  const limit = descriptorLimit();
  if (needed <= limit) return;
  throw new Error(
    `Each server and each process of the crowd may need ${needed} file descriptors; the limit here is ${limit}. ` +
      `Raise it (ulimit -Hn), or play a smaller sale: --scale ${(limit / needed).toFixed(1)}.`,
  );
}

function number(text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (!(value > 0)) throw new Error(`${text} is no number of anything.\n${USAGE}`);
  return value;
}
