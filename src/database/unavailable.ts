import { ConnectionException } from '@mikro-orm/core';

/**
 * SQLSTATE classes of what is wrong with the server, and not with the statement: connections, transactions that were
 * given up in favour of others, resources, operators and the system (postgresql.org/docs/18/errcodes-appendix.html).
 */
const SQLSTATE = /^(08|40|53|55|57|58)/;
/** What Node.js and `pg` say where no answer came, and so no SQLSTATE. */
const WITHOUT_ANSWER =
  /ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|Connection terminated|connection timeout|timeout exceeded|Query read timeout|not queryable|connection error/i;

/** Whether a statement failed because the database could not be had just now, so that trying again is of use. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code)) return SQLSTATE.test(code);
  return error instanceof ConnectionException || WITHOUT_ANSWER.test(`${code} ${error.message}`);
}
