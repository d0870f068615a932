import type { Random } from '../../../bench/onsale/random.js';
import { openSocket, type RawSocket } from '../../support/raw-socket.js';
import type { Arena, Attack } from '../attack.js';
import { people } from '../people.js';
import { type Known, randomDocument, withWrongVariables } from '../random-documents.js';
import { bytes, chance, json, pick, text, whole } from '../random-values.js';

const TYPES = ['connection_init', 'subscribe', 'complete', 'ping', 'pong', 'next', 'error', 'nothing'];
/** With which the server may close: the README's, and RFC 6455 (7.4.1) for frames that are none. */
const DOCUMENTED = new Set([
  ...[4400, 4401, 4403, 4406, 4408, 4409, 4429, 1009, 1013, 1001],
  ...[1002, 1003, 1007],
]);
/** A failure of the server, and the end of a connection without a word. */
const FAILURES = new Set([1006, 1011, 4500]);
/** The first byte of a frame that closes. */
const CLOSING = 0x88;
const KINDS = ['query', 'mutation', 'subscription'] as const;
const MUTATIONS = ['purchaseTickets', 'updateTicket', 'cancelOrder', 'completeCheckout', 'createTicket'];

const attack: Attack = {
  name: 'random messages and bytes to the WebSocket',
  times: { quick: 5_000, full: 50_000 },
  async run(arena) {
    const { tokens, known } = await people(arena.world);
    await arena.attempt(async (random) => {
      const socket = await openSocket(arena.world.server);
      const token = pick(random, tokens);
      if (chance(random, 0.9))
        await socket.initialise(token ? { Authorization: `Bearer ${token}` } : undefined);
      let hasAskedToClose = false;
      for (let said = 0; said < whole(random, 1, 4); said += 1) {
        if (say(socket, random, known)?.includes(CLOSING)) hasAskedToClose = true;
      }
      await answered(socket);
      for (const message of socket.messages) arena.judge({ text: JSON.stringify(message) });
      await ended(socket, arena, hasAskedToClose);
    });
  },
};
export default attack;

/** @returns what was sent below the protocol */
function say(socket: RawSocket, random: Random, known: Known): Buffer | undefined {
  switch (whole(random, 0, 5)) {
    case 0:
      socket.send(bytes(random, 200));
      return undefined;
    case 1:
      socket.send(text(random));
      return undefined;
    case 2:
      socket.send({ id: text(random), type: pick(random, TYPES), payload: json(random) });
      return undefined;
    case 3: {
      // Below the protocol: what is no frame, or not a whole one.
      if (chance(random, 0.5)) return undefined;
      const written = bytes(random, 30);
      underneath(socket).write(written);
      return written;
    }
    default: {
      const kind = pick(random, KINDS);
      const document = randomDocument(random, kind, known, kind === 'mutation' ? MUTATIONS : undefined);
      const payload = chance(random, 0.5) ? document : withWrongVariables(random, document);
      socket.send({ id: String(whole(random, 0, 3)), type: 'subscribe', payload });
      return undefined;
    }
  }
}

function underneath({ socket }: RawSocket): { write(bytes: Buffer): void } {
  return (socket as unknown as { _socket: { write(bytes: Buffer): void } })._socket;
}

/** Until the server has answered to a ping that came after everything else, or has closed. */
async function answered(socket: RawSocket): Promise<void> {
  const mark = 'the last word';
  socket.socket.send(JSON.stringify({ type: 'ping', payload: { mark } }));
  const pong = new Promise<void>((resolve) => {
    socket.socket.on('message', (data) => {
      if (String(data).includes(mark)) resolve();
    });
  });
  // Half a frame before it swallows the ping.
  const patience = new Promise<void>((resolve) => setTimeout(resolve, 300).unref());
  await Promise.race([pong, socket.closed, patience]);
}

async function ended(socket: RawSocket, { note }: Arena, hasAskedToClose: boolean): Promise<void> {
  const stays = Promise.withResolvers<undefined>();
  setImmediate(() => stays.resolve(undefined));
  const closed = await Promise.race([socket.closed, stays.promise]);
  // A frame that closes is answered with the code that it gives, or with none.
  const isInOrder = ({ code }: { code: number }) =>
    DOCUMENTED.has(code) || (hasAskedToClose && !FAILURES.has(code));
  if (closed && !isInOrder(closed)) throw new Error(`It was closed with ${closed.code} ${closed.reason}`);
  note(closed ? `closed with ${closed.code}` : 'stayed open');
  socket.socket.terminate();
}
