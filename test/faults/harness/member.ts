import type { Reading } from '../../../bench/support/probe.js';
import { freePort } from '../../../dev/ports.js';
import { eventually } from '../../support/eventually.js';
import { type ServerOptions, startServer, type TestServer } from '../../support/server.js';
import { postgresEar, redisEar, type Steps, stripeEar } from './ears.js';
import { NotJudged } from './row.js';
import { TcpProxy } from './tcp-proxy.js';

/** Options of Node.js with which a server tells how much memory it has. */
export const PROBE = ['--expose-gc', '--import', './dist/bench/support/probe.js'];
/** Of more than a hundred purchases, some would have come to each step. */
const MOST_OTHER_STEPS = 1_000;
/** On a machine that does much else; what is to be in time is measured by the rows. */
const READY_TIMEOUT_MS = 300_000;

/** Where the things are that a server needs, all on 127.0.0.1. */
export interface Needs {
  readonly databaseUrl: string;
  readonly redisPorts: readonly number[];
  readonly stripePort: number;
  readonly smtpPort: number;
}

/** The ways from one server to what it needs. */
export interface Ways {
  readonly postgres: TcpProxy;
  /** The first is the one that carries events. */
  readonly redis: readonly TcpProxy[];
  readonly stripe: TcpProxy;
  readonly smtp: TcpProxy;
}

export interface MemberOptions {
  readonly needs: Needs;
  /** Besides where things are. */
  readonly environment: Readonly<Record<string, string>>;
  readonly entry?: string;
  readonly nodeOptions?: readonly string[];
  readonly rewriteToStripe?: (chunk: Buffer) => Buffer;
}

/** One of the servers, process after process on the same port, with ways of its own to all that it needs. */
export class Member implements AsyncDisposable {
  private server: TestServer | undefined;

  private constructor(
    readonly name: string,
    readonly port: number,
    readonly ways: Ways,
    readonly steps: Steps,
    private readonly probePort: number,
    private readonly options: MemberOptions,
  ) {}

  static async create(name: string, options: MemberOptions): Promise<Member> {
    const { needs, rewriteToStripe } = options;
    const steps: Steps = { onStep: undefined, losesCommit: undefined };
    const ways = {
      postgres: await TcpProxy.start({
        port: Number(new URL(needs.databaseUrl).port),
        listen: () => postgresEar(steps),
      }),
      redis: await Promise.all(
        needs.redisPorts.map((port) => TcpProxy.start({ port, listen: () => redisEar(steps) })),
      ),
      stripe: await TcpProxy.start({
        port: needs.stripePort,
        listen: () => stripeEar(steps),
        rewriteRequest: rewriteToStripe,
      }),
      smtp: await TcpProxy.start({ port: needs.smtpPort }),
    };
    return new Member(name, await freePort(), ways, steps, await freePort(), options);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Undefined while it does not run. */
  get pid(): number | undefined {
    return this.server?.pid;
  }

  /** @returns after how many milliseconds it was ready */
  async start(): Promise<number> {
    const started = performance.now();
    const { needs, environment, entry, nodeOptions } = this.options;
    const databaseUrl = new URL(needs.databaseUrl);
    databaseUrl.port = String(this.ways.postgres.port);
    const redisUrls = this.ways.redis.map(({ port }) => `redis://127.0.0.1:${port}`);
    const options: ServerOptions = {
      databaseUrl: databaseUrl.href,
      redisUrl: redisUrls[0],
      port: this.port,
      env: {
        ...environment,
        PROBE_PORT: String(this.probePort),
        ...(redisUrls.length > 1 && { REDLOCK_URLS: redisUrls.join() }),
        STRIPE_API_BASE: `http://127.0.0.1:${this.ways.stripe.port}`,
        SMTP_URL: `smtp://127.0.0.1:${this.ways.smtp.port}`,
      },
      entry,
      nodeOptions,
      readyTimeoutMs: READY_TIMEOUT_MS,
    };
    this.server = await startServer(options);
    return performance.now() - started;
  }

  async kill(): Promise<void> {
    const victim = this.server;
    this.server = undefined;
    await victim?.kill();
  }

  /** SIGTERM. @returns its exit code */
  async stop(): Promise<number | null> {
    const leaving = this.server;
    this.server = undefined;
    return (await leaving?.stop())?.code ?? null;
  }

  signal(name: NodeJS.Signals): void {
    this.server?.signal(name);
  }

  /** What it has logged as errors, and why it ended if it has. */
  troubles(): string[] {
    return (this.server?.logs() ?? [])
      .filter(({ level }) => level === 'error' || level === 'fatal')
      .map(({ msg, err }) => `${msg}: ${(err as { message?: string } | undefined)?.message ?? ''}`);
  }

  /**
   * Resolves once it comes to one of these steps, in the instant before it goes on.
   *
   * @throws NotJudged when it does come to others, so that it works, but not to these in time; another error when it
   * comes to so many others that these cannot be what it does any more, or to none
   */
  async reaches(steps: ReadonlySet<string>, strike: () => void, timeoutMs = 90_000): Promise<string> {
    let reached: string | undefined;
    let others = 0;
    this.steps.onStep = (step) => {
      if (reached !== undefined) return;
      if (!steps.has(step)) {
        others += 1;
        return;
      }
      reached = step;
      strike();
    };
    const what = `${this.name} ${[...steps].join(' or ')}`;
    const isOver = () => reached !== undefined || others > MOST_OTHER_STEPS;
    try {
      await eventually(what, isOver, timeoutMs);
    } catch (error) {
      if (others === 0) throw error;
      throw new NotJudged(`in ${timeoutMs / 1000} s never: ${what}, in ${others} other steps`);
    } finally {
      this.steps.onStep = undefined;
    }
    if (reached === undefined) throw new Error(`In ${others} other steps never: ${what}`);
    return reached;
  }

  /** What is live after a collection; of a server that was started with `PROBE`. */
  async heapMiB(): Promise<number> {
    const answer = await fetch(`http://127.0.0.1:${this.probePort}/collect`);
    return ((await answer.json()) as Reading).heapBytes / 2 ** 20;
  }

  async readHealth(timeoutMs = 3_000): Promise<{ code: number; status: string }> {
    const answer = await fetch(`${this.url}/health/ready`, { signal: AbortSignal.timeout(timeoutMs) });
    return { code: answer.status, status: ((await answer.json()) as { status: string }).status };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.signal('SIGCONT');
    await this.stop();
    const { postgres, redis, stripe, smtp } = this.ways;
    for (const way of [postgres, ...redis, stripe, smtp]) await way[Symbol.asyncDispose]();
  }
}
