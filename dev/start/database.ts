import { join } from 'node:path';
import pg from 'pg';
import { preferPort } from '../ports.js';
import { type Postgres, startPostgres } from '../postgres.js';
import type { Instance } from './instance.js';
import { openLogFile } from './log-file.js';

/** Far from PORT, so that starts on neighbouring ports stay out of each other's way. */
const PORT_OFFSET = 20_000;
const PREFIX = 'boxoffice_';

export async function openPostgres({ directory, port }: Instance): Promise<Postgres> {
  return await startPostgres({
    dataDirectory: join(directory, 'postgres'),
    port: await preferPort(port + PORT_OFFSET),
    log: openLogFile(join(directory, 'postgres.log')),
  });
}

/** The database of this start. */
export interface Database {
  readonly url: string;
  /** Those that belong to another Stripe; empty unless this one was made just now. */
  readonly leftBehind: readonly string[];
}

/**
 * One database for each Stripe that there has been. What a database names, accounts and sessions, must be known to the
 * Stripe that it is used with: else producers cannot be paid, and orders wait for their payment for ever.
 */
export class Databases {
  constructor(private readonly postgres: Postgres) {}

  /** @param stripeId names a Stripe, in lower-case letters and digits */
  async has(stripeId: string): Promise<boolean> {
    return (await this.#withClient(names)).includes(nameOf(stripeId));
  }

  /** Makes it if there is none. */
  async open(stripeId: string): Promise<Database> {
    const name = nameOf(stripeId);
    const leftBehind = await this.#withClient(async (client) => {
      const present = await names(client);
      if (present.includes(name)) return [];
      await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
      return present;
    });
    return { url: this.postgres.url(name), leftBehind };
  }

  async #withClient<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = new pg.Client({ connectionString: this.postgres.url('postgres') });
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }
}

function nameOf(stripeId: string): string {
  return `${PREFIX}${stripeId}`;
}

async function names(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    'SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1) ORDER BY datname',
    [PREFIX],
  );
  return rows.map(({ name }) => name);
}
