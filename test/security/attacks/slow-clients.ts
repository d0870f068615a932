import { connect, type Socket } from 'node:net';
import { expectData, graphql } from '../../support/graphql-client.js';
import type { Attack } from '../attack.js';

/** Beginnings of requests that never end, a byte at a time. */
const BEGINNINGS = [
  '',
  'GET /graphql?query=%7B HTTP/1.1\r\nHost: x\r\nX: ',
  'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n',
  'POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n',
] as const;
/** The longest that a request may take, and how much later that may be noticed, in milliseconds. */
const PATIENCE_MS = 45_000;
/** Within which whoever is not slow has to be answered meanwhile, in milliseconds. */
const OTHERS_PATIENCE_MS = 10_000;

const attack: Attack = {
  name: 'clients that send a byte a second (slowloris)',
  times: { quick: 400, full: 2_000 },
  async run({ world, times, note }) {
    const sockets = await Promise.all(
      Array.from({ length: times }, (_, index) =>
        open(world.server.port, BEGINNINGS[index % BEGINNINGS.length] ?? ''),
      ),
    );
    const dripping = setInterval(() => {
      for (const { socket, beginning } of sockets) if (beginning !== '' && socket.writable) socket.write('1');
    }, 1_000);
    const asked: Array<Promise<number>> = [];
    const asking = setInterval(() => void asked.push(askAsAnother(world.server)), 1_000);
    const overdue = setTimeout(() => {
      for (const { socket } of sockets) socket.destroy(new Error('kept open'));
    }, PATIENCE_MS);
    const endings = await Promise.all(sockets.map(({ ended }) => ended));
    for (const timer of [dripping, asking, overdue]) clearInterval(timer);
    for (const ending of endings) note(ending);
    if (endings.includes('kept open'))
      throw new Error(`A connection was still open after ${PATIENCE_MS} ms.`);
    const answers = await Promise.all(asked);
    const missing = answers.filter((took) => took === Number.POSITIVE_INFINITY).length;
    if (missing > 0 || answers.length === 0) {
      throw new Error(
        `Of ${answers.length} others, ${missing} were not answered in ${OTHERS_PATIENCE_MS} ms.`,
      );
    }
    return `${answers.length} others were answered within ${Math.ceil(Math.max(...answers))} ms`;
  },
};
export default attack;

/** @returns after how many milliseconds there was an answer; infinity without one */
async function askAsAnother(server: { readonly url: string }): Promise<number> {
  const started = performance.now();
  try {
    const signal = AbortSignal.timeout(OTHERS_PATIENCE_MS);
    expectData(await graphql(server, '{ shows(first: 1) { totalCount } }', {}, { signal }));
    return performance.now() - started;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

interface Slow {
  readonly socket: Socket;
  readonly beginning: string;
  readonly ended: Promise<string>;
}

function open(port: number, beginning: string): Promise<Slow> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(beginning);
      resolve({ socket, beginning, ended });
    });
    let said = '';
    let kept = false;
    socket.on('data', (part) => {
      said += String(part);
    });
    socket.on('error', (error) => {
      kept = error.message === 'kept open';
    });
    const ended = new Promise<string>((end) => {
      socket.on('close', () =>
        end(kept ? 'kept open' : (/^HTTP\/1\.1 (\d+ [\w ]+)/.exec(said)?.[1] ?? 'closed')),
      );
    });
  });
}
