import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/*
 * Stands in for a proxy where there is no HAProxy: passes connections on, whole, to the server that has the fewest
 * (HAProxy's leastconn). It knows nothing of HTTP, so that a keep-alive connection stays with one server.
 * Arguments: the port to listen on, and those of the servers.
 */

const [port, ...servers] = process.argv.slice(2).map(Number);
const BACKLOG = 4_096;
/** Each takes in one connection in a turn of the event loop, and no more; sharing a port is Linux's. */
const LISTENERS = process.platform === 'linux' ? 16 : 1;

const open = new Map(servers.map((server) => [server, 0]));

function fewest(): number {
  const [first] = [...open].sort(([, a], [, b]) => a - b);
  return (first as [number, number])[0];
}

function join(client: Socket): void {
  const chosen = fewest();
  open.set(chosen, (open.get(chosen) ?? 0) + 1);
  const server = connect({ host: '127.0.0.1', port: chosen, noDelay: true });
  client.pipe(server);
  server.pipe(client);
  client.on('error', () => server.destroy());
  server.on('error', () => client.destroy());
  // Who has gone is noticed at the other end, which may then stop working for nobody.
  client.on('close', () => server.destroy());
  server.on('close', () => {
    client.destroy();
    open.set(chosen, (open.get(chosen) ?? 1) - 1);
  });
}

await Promise.all(
  Array.from({ length: LISTENERS }, async () => {
    const listener = createServer({ noDelay: true }, join);
    listener.listen({ port, host: '127.0.0.1', backlog: BACKLOG, reusePort: LISTENERS > 1 });
    await once(listener, 'listening');
  }),
);
console.log('ready');
process.on('SIGTERM', () => process.exit());
