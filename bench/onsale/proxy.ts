import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { launch } from '../../dev/launch.js';
import { projectRoot } from '../../dev/paths.js';
import { freePort } from '../../dev/ports.js';
import type { Supervised } from '../../dev/supervise.js';
import { supervise } from '../../dev/supervise.js';

export interface Proxies extends AsyncDisposable {
  readonly description: string;
  readonly urls: readonly string[];
  readonly pids: readonly number[];
}

export interface ProxyOptions {
  /** Ports of the servers behind. */
  readonly servers: readonly number[];
  /** How many connections there will be at once, at the most. */
  readonly connections: number;
  readonly directory: string;
}

/** Files and the like that a process has open besides its connections. */
const BESIDES = 200;
const READY_TIMEOUT_MS = 10_000;
const STOP_GRACE_MS = 2_000;

/**
 * HAProxy where it is on PATH, else a balancer of our own. As many processes as it takes: each connection carried
 * costs two file descriptors, and a process has no more than the system gives it.
 */
export async function startProxies(options: ProxyOptions): Promise<Proxies> {
  await using started = new AsyncDisposableStack();
  const each = Math.floor((descriptorLimit() - BESIDES) / 2);
  const count = Math.ceil(options.connections / each);
  const version = haproxyVersion();
  const proxies: { port: number; process: Supervised }[] = [];
  for (let n = 0; n < count; n += 1) {
    const port = await freePort();
    const process =
      version === undefined ? await startBalancer(port, options) : await startHaproxy(port, each, n, options);
    started.defer(async () => void (await process.stop('SIGTERM', STOP_GRACE_MS)));
    proxies.push({ port, process });
  }
  const running = started.move();
  return {
    description: `${count} x ${version ?? "the benchmark's own balancer (HAProxy is not on PATH)"}`,
    urls: proxies.map(({ port }) => `http://127.0.0.1:${port}`),
    pids: proxies.map(({ process }) => process.pid),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** What a process may have open at the most; Node.js raises its own limit to that. */
export function descriptorLimit(): number {
  const limit = execFileSync('/bin/sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim();
  return limit === 'unlimited' ? 1_000_000 : Number(limit);
}

function haproxyVersion(): string | undefined {
  try {
    return /HAProxy version [\d.]+/i.exec(execFileSync('haproxy', ['-v'], { encoding: 'utf8' }))?.[0];
  } catch {
    return undefined;
  }
}

async function startBalancer(port: number, { servers }: ProxyOptions): Promise<Supervised> {
  const { server, failure } = await launch({
    name: 'The balancer',
    command: process.execPath,
    args: [join(projectRoot, 'dist/bench/onsale/balancer-process.js'), String(port), ...servers.map(String)],
    env: { PATH: process.env.PATH },
    isReady: (line) => line === 'ready',
    readyTimeoutMs: READY_TIMEOUT_MS,
  });
  if (failure) throw failure;
  return server;
}

async function startHaproxy(
  port: number,
  connections: number,
  n: number,
  { servers, directory }: ProxyOptions,
): Promise<Supervised> {
  const file = join(directory, `haproxy-${n}.cfg`);
  const logFile = join(directory, `haproxy-${n}.log`);
  writeFileSync(file, haproxyConfiguration(port, connections, servers));
  const proxy = await supervise({
    command: '/bin/sh',
    args: ['-c', 'ulimit -n "$(ulimit -Hn)"; exec haproxy -db -f "$1" >"$2" 2>&1', 'sh', file, logFile],
    env: { PATH: process.env.PATH, LD_LIBRARY_PATH: process.env.LD_LIBRARY_PATH },
  });
  const deadline = Date.now() + READY_TIMEOUT_MS;
  const answers = () =>
    fetch(`http://127.0.0.1:${port}/health/live`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await answers())) {
    if (proxy.exit() || Date.now() > deadline) throw new Error(`HAProxy does not start with ${file}.`);
    await delay(50);
  }
  return proxy;
}

/** As deploy/haproxy.cfg, with the servers that are here in the place of those that Docker knows. */
function haproxyConfiguration(port: number, connections: number, servers: readonly number[]): string {
  const lines = servers.map(
    (server, n) => `  server api${n} 127.0.0.1:${server} check inter 1s fall 2 rise 1`,
  );
  return `global
  maxconn ${connections}
  log stdout format raw local0
defaults
  mode http
  log global
  option dontlog-normal
  log-format "%ts %ST %s Tq=%TR Tw=%Tw Tc=%Tc Tr=%Tr"
  timeout connect 10s
  timeout check 15s
  timeout client 65s
  timeout server 65s
  timeout queue 10s
  timeout http-request 10s
  timeout http-keep-alive 65s
  timeout tunnel 1h
  option redispatch
  retries 2
  retry-on conn-failure
frontend public
  bind 127.0.0.1:${port} backlog 4096
  http-request del-header x-forwarded-for
  option forwardfor
  default_backend api
backend api
  balance leastconn
  option httpchk
  http-check send meth GET uri /health/ready ver HTTP/1.1 hdr host boxoffice
  http-check expect status 200
${lines.join('\n')}
`;
}
