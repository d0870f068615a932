import { fork } from 'node:child_process';

/** Jobs and results cross a process boundary as JSON. */
type Request<Job> = { readonly id: number; readonly job: Job };
type Response<Result> = { readonly id: number } & (
  | { readonly result: Result }
  | { readonly failure: string }
);

/** A process of our own that does jobs, several at a time if it is given several. */
export interface Worker<Job, Result> extends AsyncDisposable {
  readonly pid: number;
  /** @throws what the job has thrown, or that the process has ended. */
  run(job: Job): Promise<Result>;
}

/** @param entry a module beside `here` that calls `serveJobs` */
export function startWorker<Job, Result>(here: string, entry: string): Worker<Job, Result> {
  const child = fork(new URL(entry, here), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const waiting = new Map<number, PromiseWithResolvers<Result>>();
  child.on('message', (message) => {
    const response = message as Response<Result>;
    const job = waiting.get(response.id);
    waiting.delete(response.id);
    if ('failure' in response) job?.reject(new Error(response.failure));
    else job?.resolve(response.result);
  });
  const exited = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      for (const job of waiting.values()) job.reject(new Error(`${entry} ended with ${signal ?? code}.`));
      resolve();
    });
  });
  let last = 0;
  return {
    pid: child.pid as number,
    run(job) {
      last += 1;
      const settled = Promise.withResolvers<Result>();
      waiting.set(last, settled);
      child.send({ id: last, job } satisfies Request<Job>);
      return settled.promise;
    },
    async [Symbol.asyncDispose]() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}

/** Does what the process that started this one asks for, until that one lets go or dies. */
export function serveJobs<Job, Result>(work: (job: Job) => Promise<Result>): void {
  process.on('message', async (message) => {
    const { id, job } = message as Request<Job>;
    const response: Response<Result> = await work(job).then(
      (result) => ({ id, result }),
      (error: unknown) => ({ id, failure: error instanceof Error ? `${error.stack}` : String(error) }),
    );
    if (process.connected) process.send?.(response);
  });
  process.once('disconnect', () => process.exit());
}
