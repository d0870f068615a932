import type { EntityManager } from '@mikro-orm/postgresql';
import { Statement } from './statement.js';

const ADD = new Statement(
  `select graphile_worker.add_job(?, payload := ?::json, job_key := ?, max_attempts := ?,
     run_at := now() + make_interval(secs => ?))`,
);

/**
 * Enqueues a job in the caller's transaction: it exists exactly if the transaction commits.
 *
 * @param jobKey at most one waiting job has this key; adding it again replaces the one that waits
 * @param delaySeconds how long it waits before it may be begun
 */
export async function addJob(
  em: EntityManager,
  task: string,
  payload: Readonly<Record<string, unknown>>,
  options: { jobKey?: string; maxAttempts?: number; delaySeconds?: number } = {},
): Promise<void> {
  const { jobKey = null, maxAttempts = 25, delaySeconds = 0 } = options;
  await ADD.run(em, [task, JSON.stringify(payload), jobKey, maxAttempts, delaySeconds]);
}

/** Enqueues one job for each payload, in one statement. */
export async function addJobs(
  em: EntityManager,
  task: string,
  payloads: readonly Readonly<Record<string, unknown>>[],
): Promise<void> {
  if (payloads.length === 0) return;
  await em.execute(
    `select count(*) from graphile_worker.add_jobs(array(
       select row(?, payload, null, null, 25, null, null, null)::graphile_worker.job_spec
       from json_array_elements(?::json) as payload))`,
    [task, JSON.stringify(payloads)],
  );
}
