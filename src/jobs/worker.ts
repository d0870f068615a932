import { type Runner, run, type TaskList, Logger as WorkerLogger } from 'graphile-worker';
import type { AccountChecks } from '../catalog/index.js';
import type { Orm } from '../database/index.js';
import type { DisputeChecks } from '../disputes/index.js';
import { type Logger, withoutPersonalData } from '../logging.js';
import type { Metrics } from '../metrics.js';
import { type OrderChecks, spreadConfirmations, type TransferAttribution } from '../orders/index.js';
import { type EventReconciler, inBackground } from '../payments/index.js';
import type { CancellationRun, LateRefunds, RefundChecks, RefundExecution } from '../refunds/index.js';
import type { DisputeMails } from './dispute-mails.js';
import type { OrderMails } from './order-mails.js';

const CONCURRENT_JOBS = 4;
/** How often a round of order checks begins, in milliseconds; holds are to be given back within 10 s. */
const ORDER_CHECK_MS = 2_000;
/** No task takes this long: a job locked for longer belongs to a process that died. */
const DEAD_AFTER = '5 minutes';
const UNLOCK_EVERY_MS = 60_000;
const QUEUE_CHECK_MS = 2_000;
/** How often a process looks whether a round of reconciliation is due, in milliseconds. */
const RECONCILE_CHECK_MS = 1_000;
/** How often accounts are asked about, some at a time, in milliseconds. */
const ACCOUNT_CHECK_MS = 5_000;
/** How often the mails of purchases that were made together become jobs, in milliseconds. */
const SPREAD_MS = 500;
/** How often is looked for disputes to ask about, in milliseconds; each is asked about hourly. */
const DISPUTE_CHECK_MS = 10_000;

/** How often refunds that are due, and shows that were called off, are looked for; in milliseconds. */
const REFUND_CHECK_MS = 5_000;
const CANCELLATION_MS = 1_000;

/** What is to be done about money that goes back. */
export interface RefundWork {
  readonly execution: RefundExecution;
  readonly late: LateRefunds;
  readonly checks: RefundChecks;
  readonly cancellations: CancellationRun;
}

/** Each task has what it needs. */
interface JobPayload {
  readonly orderId: string;
  readonly refundId: string;
  readonly disputeId: string;
}

/** Background work: mails and refunds from the job queue, and the looking after of orders. */
export class Worker {
  private runner: Runner | undefined;
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly running = new Set<Promise<void>>();
  private stopped = false;

  constructor(
    private readonly databaseUrl: string,
    private readonly orm: Orm,
    private readonly orderChecks: OrderChecks,
    private readonly refunds: RefundWork,
    private readonly disputeChecks: DisputeChecks,
    private readonly reconciler: EventReconciler,
    private readonly accountChecks: AccountChecks,
    private readonly transfers: TransferAttribution,
    private readonly mails: OrderMails,
    private readonly disputeMails: DisputeMails,
    private readonly metrics: Metrics,
    private readonly logger: Logger,
  ) {}

  async start(): Promise<void> {
    await this.unlockJobsOfTheDead();
    await this.keepQueueRunning();
    this.repeat(ORDER_CHECK_MS, 'order checks', () => this.orderChecks.begin());
    this.repeat(REFUND_CHECK_MS, 'refund checks', () => this.refunds.checks.run());
    this.repeat(CANCELLATION_MS, 'giving back for cancelled shows', () => this.refunds.cancellations.run());
    this.repeat(UNLOCK_EVERY_MS, 'unlocking jobs', () => this.unlockJobsOfTheDead());
    this.repeat(SPREAD_MS, 'spreading confirmations', () => spreadConfirmations(this.orm));
    this.repeat(DISPUTE_CHECK_MS, 'dispute checks', () => this.disputeChecks.checkDue());
    this.repeat(RECONCILE_CHECK_MS, 'reconciling events', () => this.reconciler.round());
    this.repeat(ACCOUNT_CHECK_MS, 'account checks', () => this.accountChecks.round());
    this.repeat(QUEUE_CHECK_MS, 'running the job queue', () => this.keepQueueRunning());
  }

  /** Lets running jobs finish. */
  async stop(): Promise<void> {
    this.stopped = true;
    for (const timer of this.timers) clearTimeout(timer);
    this.disputeChecks.stop();
    this.refunds.checks.stop();
    this.refunds.cancellations.stop();
    this.reconciler.stop();
    await Promise.all([...this.running, this.orderChecks.stop()]);
    await this.runner?.stop();
  }

  /** It ends by itself when its library has lost track of what it was doing. */
  private async keepQueueRunning(): Promise<void> {
    if (this.runner !== undefined) return;
    const runner = await run({
      connectionString: this.databaseUrl,
      maxPoolSize: CONCURRENT_JOBS + 2,
      concurrency: CONCURRENT_JOBS,
      noHandleSignals: true,
      pollInterval: 2_000,
      taskList: this.tasks(),
      logger: new WorkerLogger(
        () => (level, message) => this.logger.debug({ level }, `Job queue: ${message}`),
      ),
    });
    this.runner = runner;
    const ended = (error?: unknown) => {
      if (!this.stopped) this.logger.error({ err: error }, 'The job queue has ended; it is started again');
      this.runner = undefined;
    };
    runner.promise.then(() => ended(), ended);
  }

  private tasks(): TaskList {
    const task = (name: string, work: (payload: JobPayload) => Promise<void>) => ({
      [name]: async (payload: unknown) => {
        const about = payload as JobPayload;
        try {
          await inBackground(() => work(about));
          this.metrics.jobs.inc({ task: name, outcome: 'success' });
        } catch (error) {
          this.metrics.jobs.inc({ task: name, outcome: 'failure' });
          this.logger.error({ err: error, task: name, ...about }, 'A job failed and is tried again later');
          // Its message is kept with the job.
          throw withoutPersonalData(error);
        }
      },
    });
    return {
      ...task('send-order-confirmation', ({ orderId }) => this.mails.sendConfirmation(orderId)),
      ...task('send-refund-notice', ({ refundId }) => this.mails.sendRefundNotice(refundId)),
      ...task('refund-late-payment', ({ orderId }) => this.refunds.late.refund(orderId)),
      ...task('execute-refund', ({ refundId }) => this.refunds.execution.execute(refundId)),
      ...task('send-dispute-notice', ({ disputeId }) => this.disputeMails.sendNotice(disputeId)),
      ...task('attribute-transfer', ({ orderId }) => this.transfers.attribute(orderId)),
    };
  }

  /** Each round begins `everyMs` after the one before has ended, so that they never pile up. */
  private repeat(everyMs: number, name: string, work: () => Promise<void>): void {
    const round = async () => {
      try {
        await inBackground(work);
      } catch (error) {
        this.logger.error({ err: error }, `A round of ${name} failed`);
      }
    };
    const schedule = () => {
      if (this.stopped) return;
      const timer = setTimeout(() => {
        const running = round().finally(() => {
          this.running.delete(running);
          schedule();
        });
        this.running.add(running);
        this.timers.splice(this.timers.indexOf(timer), 1);
      }, everyMs);
      this.timers.push(timer);
    };
    schedule();
  }

  private async unlockJobsOfTheDead(): Promise<void> {
    await this.orm.em.fork().execute(
      `select graphile_worker.force_unlock_workers(
         array(select distinct locked_by from graphile_worker.jobs where locked_at < now() - ?::interval))`,
      [DEAD_AFTER],
    );
  }
}
