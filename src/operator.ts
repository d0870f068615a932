import 'reflect-metadata';
import { findOperators, setOperator } from './accounts/index.js';
import { createOrm } from './database/index.js';
import { EnvironmentError, readDatabaseUrl } from './env.js';
import { isAppError } from './errors.js';

const USAGE = 'Usage: npm run operator -- grant <email> | revoke <email> | list\n';

/** Says who the operators are, and makes accounts operators or not. */
async function run(command: string | undefined, email: string | undefined): Promise<string> {
  const orm = await createOrm(readDatabaseUrl(), 2);
  try {
    const em = orm.em.fork();
    if (command === 'list') return (await findOperators(em)).map((operator) => `${operator}\n`).join('');
    await setOperator(em, email ?? '', command === 'grant');
    return command === 'grant' ? `${email} is an operator\n` : `${email} is no operator\n`;
  } finally {
    await orm.close();
  }
}

const [command, email, ...others] = process.argv.slice(2);
const takesEmail = command === 'grant' || command === 'revoke';
if ((takesEmail ? email === undefined : command !== 'list' || email !== undefined) || others.length > 0) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else {
  try {
    process.stdout.write(await run(command, email));
  } catch (error) {
    if (!(error instanceof EnvironmentError) && !isAppError(error)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
