import { createServer } from 'node:http';
import { Redis } from 'ioredis';
import { WebSocket, WebSocketServer } from 'ws';

/*
 * The least that a server does which tells everyone the same: what comes on one Redis channel goes to every open
 * socket as it is. No protocol, no GraphQL, nothing per subscriber; the text becomes bytes once for all of them.
 */

export const CHANNEL = 'bench:broadcast';

const server = createServer((_request, response) => response.end('{"status":"ready"}'));
const sockets = new WebSocketServer({ server });
const redis = new Redis(process.env.REDIS_URL as string);
redis.on('message', (_channel, text) => {
  const data = Buffer.from(text);
  for (const socket of sockets.clients) {
    if (socket.readyState === WebSocket.OPEN) socket.send(data, { binary: false });
  }
});
await redis.subscribe(CHANNEL);
server.listen(Number(process.env.PORT), process.env.HOST);
process.once('SIGTERM', () => process.exit());
