import type { Readiness } from './http/operations.routes.js';
import type { Foundations } from './services.js';

/** A database that takes longer than this to answer counts as down; in milliseconds. */
const DATABASE_ANSWERS_WITHIN_MS = 2_000;

/** Whether this process should be sent requests. Without Redis it should: selling goes on. */
export function createReadiness({ orm, locks, events }: Pick<Foundations, 'orm' | 'locks' | 'events'>) {
  let draining = false;

  async function databaseAnswers(): Promise<boolean> {
    const signal = AbortSignal.timeout(DATABASE_ANSWERS_WITHIN_MS);
    const timeout = new Promise<boolean>((resolve) => signal.addEventListener('abort', () => resolve(false)));
    const answer = orm.em
      .fork()
      .execute('select 1')
      .then(
        () => true,
        () => false,
      );
    return Promise.race([answer, timeout]);
  }

  return {
    isDraining: () => draining,
    drain: () => {
      draining = true;
    },
    check: async (): Promise<Readiness> => {
      const database = await databaseAnswers();
      const checks = {
        process: draining ? ('draining' as const) : ('ok' as const),
        database: database ? ('ok' as const) : ('failed' as const),
        locks: locks.healthy ? ('ok' as const) : ('degraded' as const),
        events: events.healthy ? ('ok' as const) : ('degraded' as const),
      };
      if (draining || !database) return { status: 'unavailable', checks };
      return { status: locks.healthy && events.healthy ? 'ready' : 'degraded', checks };
    },
  };
}
