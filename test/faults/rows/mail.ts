import { eventually } from '../../support/eventually.js';
import { hurryJobs } from '../../support/order-life.js';
import { type Row, so } from '../harness/row.js';
import { type Trial, tryOut } from '../harness/trial.js';

/**
 * A job that failed is tried again after e^attempts seconds, at most e^10
 * (https://worker.graphile.org/docs/exponential-backoff): 1 h is over after eight tries.
 */
const TRIES_IN_AN_HOUR = 8;
const PATIENCE_MS = 180_000;

export const mailServerDead: Row = {
  name: 'mail',
  fault: 'mail server dead for an hour (its eight tries, without the waiting in between)',
  checks: 'every mail late, and once; purchases as before',
  run: (context) =>
    tryOut(context, { name: 'mail' }, async (trial) => {
      const { cluster, journal, usual } = trial;
      const began = performance.now();
      for (const { ways } of cluster.members) ways.smtp.cut();
      await trial.crowd.buys(so(context, 20, 300));
      const during = journal.told.length;
      const before = cluster.mail.mails.length;
      for (let tries = 1; tries <= TRIES_IN_AN_HOUR; tries += 1) {
        trial.progress(`try ${tries} of ${TRIES_IN_AN_HOUR}`);
        await failedTimes(trial, tries);
        trial.struck();
      }
      const ended = performance.now();
      trial.demand(cluster.mail.mails.length === before, 'a mail came through a dead mail server');
      const longest = journal.usualFree(began, ended);
      trial.demandWithin(
        { ms: longest, from: began },
        trial.limit(1_000, usual.freeMs),
        'while mail was away, half of those who bought free tickets waited',
      );
      cluster.heal();
      const count = (await allMailsOnce(trial)) - before;
      return `${during} orders until then; ${count} mails came late, each once`;
    }),
};

/** The oldest mails have been tried so often; what the queue would wait until their next try is left out. */
async function failedTimes({ cluster }: Trial, tries: number): Promise<void> {
  await eventually(
    `mails were tried ${tries} times`,
    async () => {
      await hurryJobs({ database: cluster });
      const { rows } = await cluster.pool.query<{ attempts: number }>(
        'select coalesce(max(attempts), 0)::int as attempts from graphile_worker._private_jobs where locked_at is null',
      );
      return (rows[0]?.attempts ?? 0) >= tries;
    },
    PATIENCE_MS,
  );
}

async function allMailsOnce({ cluster, demand }: Trial): Promise<number> {
  const { rows } = await cluster.pool.query<{ id: string }>(
    "select id from orders where status = 'CONFIRMED'",
  );
  const mailsOf = (id: string) => cluster.mail.mails.filter((mail) => mail.includes(`<confirmation.${id}`));
  await eventually(
    'every mail has come',
    async () => {
      await hurryJobs({ database: cluster });
      return rows.every(({ id }) => mailsOf(id).length > 0);
    },
    PATIENCE_MS,
  ).catch((error: Error) => demand(false, error.message));
  for (const { id } of rows) {
    const count = mailsOf(id).length;
    demand(count <= 1, `order ${id} was written to ${count} times`);
  }
  return rows.filter(({ id }) => mailsOf(id).length > 0).length;
}
