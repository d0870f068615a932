import { execFile } from 'node:child_process';
import { projectRoot } from '../../dev/paths.js';
import { type Account, signUp } from './fixtures.js';
import type { World } from './world.js';

export interface CommandAnswer {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/** What `npm run operator` does, on this database. */
export function operatorCommand(
  { database }: Pick<World, 'database'>,
  ...args: string[]
): Promise<CommandAnswer> {
  return new Promise((resolve) => {
    const env = { PATH: process.env.PATH, DATABASE_URL: database.url };
    execFile(
      process.execPath,
      ['dist/src/operator.js', ...args],
      { cwd: projectRoot, env },
      (error, output, errors) =>
        resolve({ code: error === null ? 0 : Number(error.code ?? -1), output, errors }),
    );
  });
}

/** A new account that the command line has made an operator. */
export async function signUpOperator(world: Pick<World, 'database' | 'server'>): Promise<Account> {
  const account = await signUp(world.server);
  const { code, errors } = await operatorCommand(world, 'grant', account.email);
  if (code !== 0) throw new Error(`The account was not made an operator: ${errors}`);
  return account;
}
