import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { projectRoot } from '../../dev/paths.js';
import { freePort } from '../../dev/ports.js';
import { type Exit, supervise } from '../../dev/supervise.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';

const ENTRIES = ['dist/src/main.js', 'dist/src/work.js'] as const;

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** Runs a program with nothing but this in its environment, until it ends. */
async function run(entry: string, env: Readonly<Record<string, string>>) {
  const lines: string[] = [];
  const program = await supervise({
    command: process.execPath,
    args: [entry],
    cwd: projectRoot,
    env: { PATH: process.env.PATH, ...env },
    onLine: (line) => lines.push(line),
  });
  const exit: Exit = await program.closed;
  return { exit, output: lines.join('\n') };
}

const PRODUCTION = {
  NODE_ENV: 'production',
  PUBLIC_URL: 'https://tickets.example.com',
  REDIS_URL: 'redis://127.0.0.1:1',
  STRIPE_SECRET_KEY: 'sk_test_0123456789abcdefghij',
  STRIPE_WEBHOOK_SECRET: 'whsec_0123456789abcdefghij',
  STRIPE_CONNECT_WEBHOOK_SECRET: 'whsec_abcdefghij0123456789',
  JWT_SECRET: '0123456789abcdef0123456789abcdef0123456789abcdef',
  SMTP_URL: 'smtp://127.0.0.1:1',
  MAIL_FROM: 'Tickets <tickets@example.com>',
};

describe.each(ENTRIES)('%s', (entry) => {
  it('names every problem of its environment at once, and ends with code 1', async () => {
    const { exit, output } = await run(entry, {
      PORT: '70000',
      DATABASE_URL: 'mysql://somewhere/boxoffice',
      REDIS_URL: 'http://127.0.0.1',
      REDLOCK_URLS: 'redis://a:1,redis://b:1',
      HOLD_MINUTES: 'a quarter of an hour',
      LOCK_TTL_MS: '120001',
      PLATFORM_FEE_PERCENT: '101',
      JWT_SECRET: 'too short',
      LOG_LEVEL: 'loud',
      RATE_LIMITS: 'maybe',
      SMTP_URL: 'mail.example.com',
    });
    expect(exit).toEqual({ code: 1, signal: null });
    const named = output.split('\n').flatMap((line) => /^ {2}- (\w+):/.exec(line)?.[1] ?? []);
    expect(named.sort()).toEqual([
      'DATABASE_URL',
      'HOLD_MINUTES',
      'JWT_SECRET',
      'LOCK_TTL_MS',
      'LOG_LEVEL',
      'PLATFORM_FEE_PERCENT',
      'PORT',
      'RATE_LIMITS',
      'REDIS_URL',
      'REDLOCK_URLS',
      'SMTP_URL',
    ]);
    // A secret that is wrong is a secret all the same.
    expect(output).not.toContain('too short');
    expect(output).not.toMatch(/\n\s+at /);
  });

  it('starts in production with everything set, even while Redis is away', async () => {
    const lines: string[] = [];
    const program = await supervise({
      command: process.execPath,
      args: [entry],
      cwd: projectRoot,
      env: {
        PATH: process.env.PATH,
        ...PRODUCTION,
        DATABASE_URL: database.url,
        HOST: '127.0.0.1',
        PORT: String(await freePort()),
      },
      onLine: (line) => lines.push(line),
    });
    const started = entry.endsWith('main.js') ? 'Boxoffice is open' : 'The worker is at work';
    await eventually(
      `it says: ${started}`,
      () => program.exit() ?? lines.some((line) => line.includes(started)),
    );
    expect(await program.stop('SIGTERM', 30_000)).toEqual({ code: 0, signal: null });
    for (const line of lines) expect(() => JSON.parse(line)).not.toThrow();
    const log = lines.join('\n');
    for (const secret of [
      PRODUCTION.JWT_SECRET,
      PRODUCTION.STRIPE_SECRET_KEY,
      new URL(database.url).password,
    ]) {
      expect(log).not.toContain(secret);
    }
  });
});

describe('the server', () => {
  it('does not start without a database', async () => {
    const { exit, output } = await run('dist/src/main.js', {});
    expect(exit.code).toBe(1);
    expect(output).toContain('DATABASE_URL: must be set');
  });

  it('refuses in production what is meant for development', async () => {
    const { exit, output } = await run('dist/src/main.js', {
      NODE_ENV: 'production',
      DATABASE_URL: database.url,
    });
    expect(exit.code).toBe(1);
    for (const name of Object.keys(PRODUCTION).filter((key) => key !== 'NODE_ENV')) {
      expect(output).toContain(`${name}: must be set in production`);
    }
  });

  it.each([
    ['JWT_SECRET', 'development-only-secret-do-not-use-in-production'],
    ['STRIPE_SECRET_KEY', 'sk_test_boxoffice'],
    ['STRIPE_WEBHOOK_SECRET', 'whsec_development'],
    ['STRIPE_CONNECT_WEBHOOK_SECRET', 'whsec_0123456789abcdefghij,whsec_short'],
  ])('refuses in production a %s that is for development', async (name, value) => {
    const { exit, output } = await run('dist/src/main.js', {
      ...PRODUCTION,
      DATABASE_URL: database.url,
      [name]: value,
    });
    expect(exit.code).toBe(1);
    expect(output.match(/^ {2}- /gm)).toHaveLength(1);
    expect(output).toContain(`- ${name}: `);
    expect(output).not.toContain(value);
  });
});
