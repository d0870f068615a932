import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { EnvironmentError, readDatabaseUrl, readEnvironment } from '../../src/env.js';

const DATABASE_URL = 'postgres://user:hunter2@localhost/boxoffice';
const PRODUCTION = {
  NODE_ENV: 'production',
  DATABASE_URL,
  REDIS_URL: 'redis://localhost',
  STRIPE_SECRET_KEY: `sk_live_${'a'.repeat(24)}`,
  STRIPE_WEBHOOK_SECRET: `whsec_${'b'.repeat(24)}`,
  STRIPE_CONNECT_WEBHOOK_SECRET: `whsec_${'c'.repeat(24)}`,
  PUBLIC_URL: 'https://tickets.example',
  JWT_SECRET: 'd'.repeat(32),
  SMTP_URL: 'smtp://localhost',
  MAIL_FROM: 'Tickets <tickets@tickets.example>',
};

function problemsOf(source: NodeJS.ProcessEnv): readonly string[] {
  try {
    readEnvironment(source);
    return [];
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    return error.problems;
  }
}
const namesOf = (source: NodeJS.ProcessEnv) => problemsOf(source).map((problem) => problem.split(':')[0]);

describe('the environment', () => {
  it('needs a database and nothing else to develop with', () => {
    expect(readEnvironment({ DATABASE_URL })).toMatchObject({
      PORT: 4_000,
      HOLD_MINUTES: 15,
      LOCK_TTL_MS: 10_000,
      LOCK_WAIT_MS: 5_000,
      PUBLIC_URL: 'http://localhost:4000',
      REDLOCK_URLS: [],
      RATE_LIMITS: true,
      INTROSPECTION: true,
      WORKER: true,
      PLATFORM_FEE_PERCENT: 0,
      CORS_ORIGINS: [],
      WEBSOCKETS_PER_ADDRESS: 5_000,
      WEBSOCKETS_PER_USER: 100,
    });
    expect(problemsOf({})).toEqual(['DATABASE_URL: must be set']);
  });

  it('takes what is empty for what is not there', () => {
    expect(readEnvironment({ DATABASE_URL, PORT: '', REDIS_URL: '', JWT_SECRET: '' })).toMatchObject({
      PORT: 4_000,
    });
    expect(problemsOf({ DATABASE_URL: '' })).toEqual(['DATABASE_URL: must be set']);
  });

  it.each([
    ['PORT', ['-1', '65536', 'http', '4000.5']],
    ['DATABASE_URL', ['localhost', 'mysql://localhost/x', 'http://localhost']],
    ['DATABASE_POOL_SIZE', ['1', '501', 'many']],
    ['REDIS_URL', ['localhost:6379', 'http://localhost']],
    ['REDLOCK_URLS', ['redis://a,redis://b', 'redis://a,b,redis://c', ',', 'redis://a,redis://a,redis://a']],
    ['STRIPE_WEBHOOK_SECRET', [',', ' , ']],
    ['STRIPE_API_BASE', ['localhost', 'ftp://localhost']],
    ['PLATFORM_FEE_PERCENT', ['-1', '101', 'ten']],
    ['PUBLIC_URL', ['tickets.example', 'ftp://tickets.example']],
    ['JWT_SECRET', ['x'.repeat(31)]],
    ['HOLD_MINUTES', ['0', '1441', 'x']],
    ['LOCK_TTL_MS', ['499', '120001', '1000.5']],
    ['LOCK_WAIT_MS', ['-1', '60001']],
    ['SMTP_URL', ['localhost', 'http://localhost']],
    ['LOG_LEVEL', ['loud', 'INFO']],
    ['RATE_LIMITS', ['true', 'ON', '1']],
    ['INTROSPECTION', ['no']],
    ['WORKER', ['yes']],
    ['TRUSTED_PROXIES', ['-1', '11', 'all']],
    ['CORS_ORIGINS', ['shop.example', 'https://shop.example/', 'https://shop.example/x', 'https://', 'null']],
    ['WEBSOCKETS_PER_ADDRESS', ['0', '-1', 'many']],
    ['WEBSOCKETS_PER_USER', ['0', '1.5', 'many']],
  ])('refuses a %s that is not one', (name, values) => {
    for (const value of values) {
      const source = { DATABASE_URL, REDIS_URL: 'redis://localhost', [name]: value };
      expect({ value, names: namesOf(source) }).toEqual({ value, names: [name] });
    }
  });

  it('names every problem at once', () => {
    const source = { PORT: 'x', REDIS_URL: 'x', LOG_LEVEL: 'x' };
    expect(namesOf(source)).toEqual(['PORT', 'DATABASE_URL', 'REDIS_URL', 'LOG_LEVEL']);
    expect(new EnvironmentError(problemsOf(source)).message.split('\n')).toHaveLength(5);
  });

  it('never repeats what it was given', () => {
    const secret = 'hunter2';
    for (const name of Object.keys(PRODUCTION).filter((one) => one !== 'NODE_ENV')) {
      for (const source of [
        { ...PRODUCTION, [name]: secret },
        { DATABASE_URL, [name]: secret },
      ]) {
        expect(problemsOf(source).join()).not.toContain(secret);
      }
    }
  });

  it('has lists with spaces, secrets that are rotated, and no slash at the end of its own address', () => {
    const nodes = 'redis://a:1, redis://b:2 ,rediss://c:3';
    const environment = readEnvironment({
      DATABASE_URL,
      REDIS_URL: 'redis://a:1',
      REDLOCK_URLS: nodes,
      STRIPE_WEBHOOK_SECRET: 'whsec_old, whsec_new',
      PUBLIC_URL: 'https://tickets.example/shop//',
    });
    expect(environment.REDLOCK_URLS).toEqual(['redis://a:1', 'redis://b:2', 'rediss://c:3']);
    expect(environment.STRIPE_WEBHOOK_SECRET).toEqual(['whsec_old', 'whsec_new']);
    expect(environment.PUBLIC_URL).toBe('https://tickets.example/shop');
  });

  it('locks in the one Redis there is, and has no nodes to lock in without it', () => {
    const REDIS_URL = 'redis://localhost';
    expect(readEnvironment({ DATABASE_URL, REDIS_URL }).REDLOCK_URLS).toEqual([REDIS_URL]);
    expect(namesOf({ DATABASE_URL, REDLOCK_URLS: 'redis://localhost' })).toEqual(['REDLOCK_URLS']);
  });
});

describe('the environment of production', () => {
  it('is complete like this', () => {
    expect(problemsOf(PRODUCTION)).toEqual([]);
  });

  it.each(Object.keys(PRODUCTION).filter((name) => name !== 'NODE_ENV'))('needs its own %s', (name) => {
    const { [name as keyof typeof PRODUCTION]: _, ...rest } = PRODUCTION;
    expect(namesOf(rest)).toEqual([name]);
    expect(namesOf({ ...PRODUCTION, [name]: '' })).toEqual([name]);
  });

  it.each([
    ['JWT_SECRET', 'development-only-secret-do-not-use-in-production'],
    ['STRIPE_SECRET_KEY', 'sk_test_boxoffice'],
    ['STRIPE_SECRET_KEY', `pk_live_${'a'.repeat(24)}`],
    ['STRIPE_WEBHOOK_SECRET', 'whsec_development'],
    ['STRIPE_WEBHOOK_SECRET', `whsec_${'b'.repeat(24)},`],
    ['STRIPE_CONNECT_WEBHOOK_SECRET', 'b'.repeat(24)],
  ])('does not take the %s that is for developing, or another thing', (name, value) => {
    expect(namesOf({ ...PRODUCTION, [name]: value })).toEqual([name]);
  });
});

describe('the address of the database alone', () => {
  it('is read without anything else', () => {
    expect(readDatabaseUrl({ DATABASE_URL, PORT: 'x' })).toBe(DATABASE_URL);
    for (const wrong of [undefined, '', 'mysql://localhost']) {
      expect(() => readDatabaseUrl({ DATABASE_URL: wrong })).toThrow(EnvironmentError);
    }
  });
});

describe('the process environment', () => {
  it('is read in src/env.ts alone', () => {
    const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.ts'),
    );
    const readers = files.filter((file) => /\bprocess\.env\b/.test(readFileSync(join('src', file), 'utf8')));
    expect(readers).toEqual(['env.ts']);
  });
});
