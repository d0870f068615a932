import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Redis as RedisConnection } from 'ioredis';
import pg from 'pg';
import { projectRoot } from '../../dev/paths.js';
import { freePort, isPortFree } from '../../dev/ports.js';
import { type Postgres, type PostgresOptions, startPostgres } from '../../dev/postgres.js';
import { isAlive } from '../../dev/processes.js';
import { findRedisBinary, type Redis, type RedisOptions, startRedis } from '../../dev/redis.js';
import { eventually } from '../support/eventually.js';

const asRoot = process.getuid?.() === 0 ? test : test.skip;
const withRedis = findRedisBinary() ? test : test.skip;

let directory: string;
let cleanups: Array<() => Promise<unknown>>;

beforeEach(() => {
  // Mode 700: when we are root, the account that PostgreSQL runs as cannot enter it.
  directory = mkdtempSync(join(tmpdir(), 'boxoffice-dev-servers-'));
  cleanups = [];
});

afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
  const data = lstatSync(dataDirectory(), { throwIfNoEntry: false });
  if (data?.isSymbolicLink())
    rmSync(dirname(readlinkSync(dataDirectory())), { recursive: true, force: true });
  rmSync(directory, { recursive: true, force: true });
});

const dataDirectory = (): string => join(directory, 'postgres');

async function postgresHere(options: Partial<PostgresOptions> = {}): Promise<Postgres> {
  const postgres = await startPostgres({ dataDirectory: dataDirectory(), durable: false, ...options });
  cleanups.push(() => postgres.stop());
  return postgres;
}

async function redisHere(options: Partial<RedisOptions> = {}): Promise<Redis> {
  const redis = await startRedis({ directory: join(directory, 'redis'), ...options });
  cleanups.push(() => redis.stop());
  return redis;
}

async function query(postgres: Postgres, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: postgres.url('postgres') });
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}

/** Another program that holds servers in the same directory, leading a process group as one in a terminal does. */
function holdServers(): ChildProcess {
  const script = join(projectRoot, 'dist/test/support/hold-servers.js');
  const holder = spawn(process.execPath, [script, directory], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  cleanups.push(async () => holder.kill('SIGKILL'));
  return holder;
}

function jsonLines(holder: ChildProcess): () => Promise<Record<string, unknown>> {
  const lines = createInterface({ input: holder.stdout! })[Symbol.asyncIterator]();
  return async () => JSON.parse((await lines.next()).value as string) as Record<string, unknown>;
}

describe('a private PostgreSQL', () => {
  test('keeps its data when it is stopped, and when it is killed', async () => {
    const first = await postgresHere();
    await query(first, 'CREATE TABLE kept AS SELECT 1 AS number');
    await first.stop();
    expect(isAlive(first.pid)).toBe(false);

    const second = await postgresHere();
    await query(second, 'INSERT INTO kept VALUES (2)');
    await second.kill();

    const third = await postgresHere();
    expect(await query(third, 'SELECT number FROM kept ORDER BY number')).toEqual([
      { number: 1 },
      { number: 2 },
    ]);
  });

  test('compares and folds text by Unicode, whatever the locale of the machine', async () => {
    const postgres = await postgresHere();
    expect(await query(postgres, `SELECT 'GRÖßE' ILIKE 'größe' AS same, lower('ÄÉŁ') AS lower`)).toEqual([
      { same: true, lower: 'äéł' },
    ]);
  });

  test('listens on the loopback address alone, and asks for its password', async () => {
    const postgres = await postgresHere();
    expect(await query(postgres, 'SHOW listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
    expect(await query(postgres, 'SHOW unix_socket_directories')).toEqual([{ unix_socket_directories: '' }]);
    const wrong = new URL(postgres.url('postgres'));
    wrong.password = 'guessed';
    const client = new pg.Client({ connectionString: wrong.href });
    await expect(client.connect()).rejects.toMatchObject({ code: '28P01' });
  });

  test('takes its settings', async () => {
    const postgres = await postgresHere({ settings: { max_connections: '17' } });
    expect(await query(postgres, 'SHOW max_connections')).toEqual([{ max_connections: '17' }]);
    expect(await query(postgres, 'SHOW fsync')).toEqual([{ fsync: 'off' }]);
    expect(await query(postgres, 'SHOW jit')).toEqual([{ jit: 'off' }]);
  });

  test('stops one that still serves the same data before it starts', async () => {
    const orphan = await postgresHere();
    await query(orphan, 'CREATE TABLE kept AS SELECT 1 AS number');
    const next = await postgresHere();
    expect(await orphan.exited).toEqual({ code: 0, signal: null });
    expect(await query(next, 'SELECT number FROM kept')).toEqual([{ number: 1 }]);
  });

  test('starts although its last process id now belongs to something else', async () => {
    const first = await postgresHere();
    await first.stop();
    const cluster = join(dataDirectory(), 'cluster');
    const { uid, gid } = statSync(cluster);
    const stranger = spawn('sleep', ['600'], { uid, gid, stdio: 'ignore' });
    cleanups.push(async () => stranger.kill('SIGKILL'));
    await once(stranger, 'spawn');
    writeFileSync(
      join(cluster, 'postmaster.pid'),
      `${stranger.pid}\n${cluster}\n1\n${first.port}\n\n\n\nready\n`,
    );

    const second = await postgresHere();
    expect(await query(second, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
  });

  test('starts over when the making of its data was interrupted', async () => {
    const holder = holdServers();
    const halfMade = await eventually('initdb is at work', () => {
      const place = lstatSync(dataDirectory(), { throwIfNoEntry: false })?.isSymbolicLink()
        ? readlinkSync(dataDirectory())
        : dataDirectory();
      const name = readdirSync(dirname(place)).find((entry) => entry.startsWith('postgres.new-'));
      const staging = name && join(dirname(place), name);
      return staging && existsSync(join(staging, 'cluster', 'global')) && staging;
    });
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    expect(existsSync(join(dataDirectory(), 'cluster'))).toBe(false);

    const postgres = await postgresHere();
    expect(await query(postgres, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(existsSync(halfMade)).toBe(false);
  });

  test('says why it does not start', async () => {
    const squatter = createServer().listen(await freePort(), '127.0.0.1');
    cleanups.push(async () => squatter.close());
    await once(squatter, 'listening');
    const { port } = squatter.address() as { port: number };
    await expect(postgresHere({ port })).rejects.toThrow(
      /did not start.*could not bind IPv4 address "127.0.0.1"/s,
    );
  });

  test('leaves alone a directory that holds something else', async () => {
    mkdirSync(dataDirectory());
    writeFileSync(join(dataDirectory(), 'thesis.txt'), 'years of work');
    await expect(postgresHere()).rejects.toThrow('neither empty nor a database');
    expect(readdirSync(dataDirectory())).toEqual(['thesis.txt']);
  });

  asRoot('runs for root inside a directory that only root may enter', async () => {
    const first = await postgresHere();
    await query(first, 'CREATE TABLE kept AS SELECT 1 AS number');
    await first.stop();
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(statSync(directory).uid).toBe(0);
    const second = await postgresHere();
    expect(await query(second, 'SELECT number FROM kept')).toEqual([{ number: 1 }]);
    await second.stop();

    // The link is all there is in place of the data: without it, a new start finds nothing, and cleans up.
    const abandoned = readlinkSync(dataDirectory());
    rmSync(dataDirectory());
    const third = await postgresHere();
    expect(await query(third, `SELECT to_regclass('kept') AS found`)).toEqual([{ found: null }]);
    expect(existsSync(abandoned)).toBe(false);
  });
});

describe('a private Redis', () => {
  withRedis('serves the loopback address, stores nothing, and comes back on the same port', async () => {
    const first = await redisHere();
    const connection = new RedisConnection(first.url, { lazyConnect: true, retryStrategy: () => null });
    await connection.connect();
    expect(await connection.config('GET', 'bind')).toEqual(['bind', '127.0.0.1']);
    await connection.set('fleeting', 'value');
    connection.disconnect();
    await first.kill();
    expect(await isPortFree(first.port)).toBe(true);

    const second = await redisHere({ port: first.port });
    const again = new RedisConnection(second.url, { lazyConnect: true, retryStrategy: () => null });
    await again.connect();
    expect(await again.get('fleeting')).toBeNull();
    again.disconnect();
    expect(readdirSync(join(directory, 'redis'))).toEqual([]);
  });
});

describe('a program that holds private servers', () => {
  test('leaves none of them behind when it is killed', async () => {
    const holder = holdServers();
    const { pids } = (await jsonLines(holder)()) as { pids: number[] };
    expect(pids.every(isAlive)).toBe(true);
    holder.kill('SIGKILL');
    await eventually('its servers are gone', () => !pids.some(isAlive), 30_000);
  });

  test('is the only one that Ctrl-C reaches, so that it can stop them in order', async () => {
    const holder = holdServers();
    const next = jsonLines(holder);
    const { pids } = (await next()) as { pids: number[] };
    // What a terminal does: the signal goes to the whole foreground process group.
    process.kill(-holder.pid!, 'SIGINT');
    expect(await next()).toEqual({ answered: true });
    if (holder.exitCode === null) await once(holder, 'exit');
    expect(holder.exitCode).toBe(0);
    expect(pids.some(isAlive)).toBe(false);
  });
});
