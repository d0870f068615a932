import { execFile } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Import, importsOf } from '../support/imports.js';

/** From the lowest to the highest: each knows those before it. */
const DOMAINS = [
  'database',
  'accounts',
  'inventory',
  'payments',
  'catalog',
  'orders',
  'refunds',
  'disputes',
  'accounting',
  'privacy',
  'jobs',
];
const FOLDERS = [...DOMAINS, 'graphql', 'http', 'validation'];
const LEAVES = ['errors', 'env', 'logging', 'metrics'];
const PACKAGES = [
  'graphql',
  'graphql/language',
  'graphql-ws/use/ws',
  'ws',
  'fastify',
  '@fastify/static',
].concat(['@apollo/server', '@apollo/server/errors', '@as-integrations/fastify']);

interface Case {
  readonly file: string;
  readonly from: string;
  readonly allowed: boolean;
}
const may = (file: string, from: string): Case => ({ file, from, allowed: true });
const mayNot = (file: string, from: string): Case => ({ file, from, allowed: false });

const betweenDomains = DOMAINS.flatMap((own, level) =>
  DOMAINS.filter((other) => other !== own).flatMap((other) => {
    const file = `${own}/x.service.ts`;
    const allowed = DOMAINS.indexOf(other) < level;
    return [{ file, from: `../${other}/index.js`, allowed }, mayNot(file, `../${other}/inner.service.js`)];
  }),
);
const ofDomains = DOMAINS.flatMap((own) => [
  ...LEAVES.map((leaf) => may(`${own}/x.ts`, `../${leaf}.js`)),
  may(`${own}/x.ts`, '../validation/ids.js'),
  may(`${own}/x.ts`, './inner.service.js'),
  ...['app', 'services', 'coordination', 'streams', 'readiness', 'main'].map((wiring) =>
    mayNot(`${own}/x.resolver.ts`, `../${wiring}.js`),
  ),
  ...['../http/server.js', '../graphql/schema.js', '../graphql/apollo.js', '../../dev/seller.js'].map(
    (from) => mayNot(`${own}/x.resolver.ts`, from),
  ),
  ...[...PACKAGES, 'redlock'].map((from) => mayNot(`${own}/x.resolver.ts`, from)),
]);
const ofTheRest = [
  ...LEAVES.flatMap((leaf) => [
    mayNot(`${leaf}.ts`, './errors.js'),
    mayNot(`${leaf}.ts`, './accounts/index.js'),
  ]),
  may('validation/x.ts', '../errors.js'),
  mayNot('validation/x.ts', '../logging.js'),
  mayNot('validation/x.ts', '../database/index.js'),
  may('database/x.ts', '../../mikro-orm.config.js'),
  mayNot('accounts/x.ts', '../../mikro-orm.config.js'),
  may('orders/x.ts', '../catalog/entities.js'),
  mayNot('catalog/x.ts', '../orders/entities.js'),
  may('catalog/x.entity.ts', '../inventory/ticket-status.js'),
  may('inventory/redlock.ts', 'redlock'),
  mayNot('inventory/locks.ts', 'redlock'),
  mayNot('inventory/redlock.ts', '../orders/index.js'),
  mayNot('app.ts', 'redlock'),
  mayNot('http/x.ts', 'redlock'),
  ...['accounts', 'inventory', 'payments', 'catalog', 'orders'].map((own) =>
    may(`${own}/x.resolver.ts`, '../graphql/context.js'),
  ),
  ...PACKAGES.flatMap((from) => [
    may('http/x.ts', from),
    may('graphql/x.ts', from),
    mayNot('graphql/money.ts', from),
  ]),
  may('graphql/schema.ts', '../orders/index.js'),
  mayNot('graphql/schema.ts', '../orders/order.service.js'),
  mayNot('graphql/schema.ts', '../http/server.js'),
  mayNot('graphql/context.ts', '../orders/index.js'),
  mayNot('graphql/context.ts', './schema.js'),
  may('http/x.ts', '../graphql/errors.js'),
  mayNot('http/x.ts', '../orders/order.service.js'),
  mayNot('http/x.ts', '../app.js'),
  mayNot('http/x.ts', '../services.js'),
  may('services.ts', './orders/index.js'),
  mayNot('services.ts', './orders/order.service.js'),
  mayNot('services.ts', './http/server.js'),
  mayNot('services.ts', './app.js'),
  mayNot('coordination.ts', './services.js'),
  may('app.ts', './http/server.js'),
  may('app.ts', './services.js'),
  mayNot('app.ts', './orders/order.service.js'),
  mayNot('app.ts', './main.js'),
  may('main.ts', './app.js'),
];
const CASES = [...betweenDomains, ...ofDomains, ...ofTheRest].map((one, index) => ({
  ...one,
  index,
  verb: one.allowed ? 'allows' : 'refuses',
}));
const WAYS = [
  (from: string) => `import { a } from '${from}';\na();\n`,
  (from: string) => `import type { A } from '${from}';\nexport type B = A;\n`,
  (from: string) => `export { a } from '${from}';\n`,
  (from: string) => `export const a = await import('${from}');\n`,
];

describe('the direction of imports', () => {
  let directory: string;
  let refused: ReadonlySet<string>;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'boxoffice-imports-'));
    for (const file of ['biome.json', 'biome.imports.jsonc']) copyFileSync(file, join(directory, file));
    refused = await refusals(directory);
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it.each(CASES)('$verb $file: $from', (one) => {
    const said = WAYS.map((_way, way) => refused.has(place(one, way)));
    expect(said).toEqual(WAYS.map(() => !one.allowed));
  });

  it('has a rule for every folder and every program', () => {
    const entries = readdirSync('src', { withFileTypes: true });
    expect(
      entries
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => name)
        .sort(),
    ).toEqual(FOLDERS.sort());
  });
});

/** Every case has a folder of its own, since many are about the same file. */
function place(one: Case & { readonly index: number }, way: number): string {
  return `${one.index}-${way}/src/${one.file}`;
}

/** Writes each case as a file, has Biome look at all of them, and returns the places it complains of. */
async function refusals(directory: string): Promise<ReadonlySet<string>> {
  const config = readFileSync('biome.imports.jsonc', 'utf8');
  // The rules are written for src/ at the top; here it is many times one level down.
  writeFileSync(join(directory, 'biome.imports.jsonc'), config.replace(/"(!?)src\//g, '"$1*/src/'));
  for (const one of CASES) {
    for (const [index, way] of WAYS.entries()) {
      const file = join(directory, place(one, index));
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, way(one.from));
    }
  }
  const report = await new Promise<string>((done, fail) => {
    const command = [
      resolve('node_modules/@biomejs/biome/bin/biome'),
      'lint',
      '--only=style/noRestrictedImports',
    ];
    const options = ['--vcs-enabled=false', '--reporter=json', '--max-diagnostics=none', '.'];
    execFile(
      process.execPath,
      [...command, ...options],
      { cwd: directory, maxBuffer: 2 ** 26 },
      // Biome ends with 1 when it has something to say; what it says is what counts.
      (error, stdout, stderr) => (stdout === '' ? fail(new Error(stderr, { cause: error })) : done(stdout)),
    );
  });
  const { diagnostics } = JSON.parse(report) as { diagnostics: Array<{ location: { path: string } }> };
  return new Set(diagnostics.map(({ location }) => location.path));
}

const EDGE = /\.(resolver|entity|inputs)\.ts$/;
/** Object types that are no entities, and the loaders that live as long as one operation. */
const MORE_EDGES = [
  'catalog/loaders.ts',
  'orders/loaders.ts',
  'refunds/loaders.ts',
  'accounts/audit-log-entry.ts',
  'payments/webhook-event.ts',
  'disputes/loaders.ts',
  'accounting/loaders.ts',
  'accounting/figures.ts',
  'accounting/audit-report.ts',
  'inventory/inventory-update.ts',
];

/** What Biome's rule cannot say: it knows folders, not what a file's name says of its part. */
function complaints(file: string, imports: readonly Import[]): string[] {
  const domain = DOMAINS.some((name) => file.startsWith(`${name}/`));
  const edge = EDGE.test(file) || MORE_EDGES.includes(file);
  return imports.flatMap(({ from, inline }) => {
    if (inline && from.startsWith('.')) return [`${file} hides its import of ${from} in a type`];
    const graphql =
      from === 'type-graphql' ||
      (from === 'dataloader' && !file.endsWith('-reader.ts')) ||
      from.startsWith('../graphql/');
    return domain && !edge && graphql ? [`${file} is no edge and knows ${from}`] : [];
  });
}

describe('services, jobs and rules', () => {
  it('know nothing of GraphQL', () => {
    const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.ts'),
    );
    expect(files.length).toBeGreaterThan(100);
    const all = files.flatMap((file) => complaints(file, importsOf(readFileSync(join('src', file), 'utf8'))));
    expect(all).toEqual([]);
  });

  it.each([
    ['orders/order.service.ts', "import { Field } from 'type-graphql';", 'is no edge and knows type-graphql'],
    [
      'orders/order.service.ts',
      "import type { X } from '../graphql/context.js';",
      'is no edge and knows ../graphql/context.js',
    ],
    ['jobs/worker.ts', "export const a = import('type-graphql');", 'is no edge and knows type-graphql'],
    [
      'catalog/show-list.ts',
      "export * from '../graphql/connection.js';",
      'is no edge and knows ../graphql/connection.js',
    ],
    [
      'accounts/index.ts',
      "export type A = import('../orders/index.js').A;",
      'hides its import of ../orders/index.js in a type',
    ],
  ])('are found out: %s with %s', (file, code, complaint) => {
    expect(complaints(file, importsOf(code))).toEqual([`${file} ${complaint}`]);
  });

  it.each([
    ['orders/order.resolver.ts', "import { Field } from 'type-graphql';"],
    ['orders/loaders.ts', "import type { X } from '../graphql/context.js';"],
    ['http/websocket.ts', "import type { X } from '../graphql/context.js';"],
    ['orders/order.service.ts', "// import 'type-graphql';\nexport const text = \"import 'type-graphql'\";"],
  ])('are not confused with others: %s with %s', (file, code) => {
    expect(complaints(file, importsOf(code))).toEqual([]);
  });
});
