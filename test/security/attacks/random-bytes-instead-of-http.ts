import { connect } from 'node:net';
import type { Random } from '../../../bench/onsale/random.js';
import type { Attack } from '../attack.js';
import { bytes, chance, pick } from '../random-values.js';
import type { Answered } from '../verdict.js';

const PIECES = [
  'GET /graphql HTTP/1.1\r\n',
  'POST /graphql HTTP/1.1\r\n',
  'POST /webhooks/stripe HTTP/1.1\r\n',
  'GET http://evil.example/ HTTP/1.1\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'Host: x\r\n',
  'Host:\r\n',
  'Content-Length: 5\r\n',
  'Content-Length: -1\r\n',
  'Content-Length: 99999999999999999999\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: chunked, identity\r\n',
  'Content-Type: application/json\r\n',
  'Upgrade: websocket\r\nConnection: Upgrade\r\n',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n',
  'Expect: 100-continue\r\n',
  `X: ${'y'.repeat(20_000)}\r\n`,
  '\r\n',
  '5\r\nhello\r\n0\r\n\r\n',
  'ffffffffffffffff\r\n',
  '{"query":"{__typename}"}',
] as const;

const attack: Attack = {
  name: 'random bytes instead of HTTP',
  times: { quick: 5_000, full: 50_000 },
  async run({ world, attempt, judge, note }) {
    await attempt(async (random) => {
      const text = await exchange(world.server.port, nonsense(random));
      if (text === '') note('no answer');
      for (const answer of answersIn(text)) judge(answer);
    });
  },
};
export default attack;

function nonsense(random: Random): Buffer {
  if (chance(random, 0.2)) return bytes(random, 300);
  const parts = Array.from({ length: Math.floor(random.between(1, 8)) }, () =>
    chance(random, 0.1) ? bytes(random, 40) : Buffer.from(pick(random, PIECES)),
  );
  return Buffer.concat([Buffer.from(pick(random, PIECES.slice(0, 5))), ...parts]);
}

/** One for each request that the bytes were taken for. @throws where what came is no HTTP */
function answersIn(text: string): Answered[] {
  const answers = text.split(/(?=HTTP\/1\.1 \d{3} )/).filter((answer) => answer !== '');
  return answers.map((answer) => {
    const status = /^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1];
    if (status === undefined) throw new Error(`This is no answer of HTTP: ${answer.slice(0, 500)}`);
    return { text: answer, status: Number(status) };
  });
}

/** What comes back until the other side hangs up, or until we do: at once where it could wait for more. */
function exchange(port: number, sent: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => socket.end(sent));
    socket.setTimeout(2_000, () => socket.destroy());
    socket.on('data', (part: Buffer) => parts.push(part));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(Buffer.concat(parts).toString('latin1')));
  });
}
