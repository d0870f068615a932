import type { EntityManager } from '@mikro-orm/postgresql';
import { addJob, addJobs, type Orm, Statement } from '../database/index.js';

const TASK = 'send-order-confirmation';
/** Batches that one transaction spreads: some thousands of jobs at most. */
const BATCHES_AT_ONCE = 20;

const ADD_BATCH = new Statement('insert into confirmation_batch (order_ids) values (?::uuid[])');

/**
 * Has these orders' buyers written to, if the transaction that confirms them commits. Many orders leave one
 * row, which `spreadConfirmations` makes jobs of: a job costs a purchase more than its own row does.
 */
export async function enqueueConfirmations(em: EntityManager, orderIds: readonly string[]): Promise<void> {
  const [first] = orderIds;
  if (first === undefined) return;
  if (orderIds.length === 1) await addJob(em, TASK, { orderId: first });
  else await ADD_BATCH.run(em, [`{${orderIds}}`]);
}

/** One job for each order, so that a mail that fails is tried again by itself; exactly one, whoever dies when. */
export async function spreadConfirmations(orm: Orm): Promise<void> {
  let found = BATCHES_AT_ONCE;
  while (found === BATCHES_AT_ONCE) {
    found = await orm.em.fork().transactional(async (em) => {
      const batches = await em.execute<{ order_ids: string[] }[]>(
        `delete from confirmation_batch where id in (
           select id from confirmation_batch order by id limit ? for update skip locked)
         returning order_ids`,
        [BATCHES_AT_ONCE],
      );
      const orderIds = batches.flatMap((batch) => batch.order_ids);
      await addJobs(
        em,
        TASK,
        orderIds.map((orderId) => ({ orderId })),
      );
      return batches.length;
    });
  }
}
