import { request } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { signUp } from '../support/fixtures.js';
import { openSocket, type RawSocket, type RawSocketOptions } from '../support/raw-socket.js';
import { startWorld, type World } from '../support/world.js';

const QUERY = '{ __typename }';

let world: World;
let showId: string;
beforeAll(async () => {
  world = await startWorld({ env: { WORKER: 'off' } });
  showId = (await world.sell({ tickets: [{}] })).show.id;
});
afterAll(() => world.close());

const opened: RawSocket[] = [];
async function open(options: RawSocketOptions = {}): Promise<RawSocket> {
  const socket = await openSocket(world.server, options);
  opened.push(socket);
  return socket;
}
afterEach(() => {
  for (const { socket } of opened.splice(0)) socket.terminate();
});
const watching = () => `subscription { inventoryChanged(showId: "${showId}") { showId } }`;

// By https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md.
describe('a WebSocket is closed', () => {
  it.each([
    ['text', 'hello'],
    ['nothing', ''],
    ['no JSON', '{'],
    ['JSON that is no object', '[]'],
    ['an object without a type', '{}'],
    ['a type that there is not', { type: 'nothing' }],
    ['a subscription without an id', { type: 'subscribe', payload: { query: QUERY } }],
    ['a subscription without a query', { id: '1', type: 'subscribe', payload: {} }],
    ['variables that are none', { id: '1', type: 'subscribe', payload: { query: QUERY, variables: 'x' } }],
    ['a number for an id', { id: 1, type: 'subscribe', payload: { query: QUERY } }],
    ['bytes', Buffer.from([0, 1, 2, 255])],
  ])('with 4400 for what is no message: %s', async (_what, message) => {
    const socket = await (await open()).initialise();
    socket.send(message);
    expect(await socket.closed).toEqual({ code: 4400, reason: 'Invalid message received' });
  });

  it('with 4401 for an operation before the connection is initialised', async () => {
    const socket = await open();
    socket.subscribe('1', QUERY);
    expect(await socket.closed).toEqual({ code: 4401, reason: 'Unauthorized' });
    expect(socket.messages).toEqual([]);
  });

  it('with 4403 for a token that is none', async () => {
    for (const Authorization of ['Bearer nonsense', 'Basic YTpi', 'Bearer']) {
      const socket = await open();
      socket.send({ type: 'connection_init', payload: { Authorization } });
      expect(await socket.closed).toEqual({ code: 4403, reason: 'Forbidden' });
      expect(socket.messages).toEqual([]);
    }
  });

  it('with 4406 for another protocol, or none', async () => {
    expect(await (await open({ protocol: null })).closed).toEqual({
      code: 4406,
      reason: 'Subprotocol not acceptable',
    });
    expect(await closeCodeOf('graphql-ws')).toBe(4406);
  });

  it('with 4408 where it is not initialised in 3 s, whatever else it says', async () => {
    const [silent, talkative] = [await open(), await open()];
    const talking = setInterval(() => talkative.send({ type: 'ping' }), 200);
    const expected = { code: 4408, reason: 'Connection initialisation timeout' };
    expect(await Promise.all([silent.closed, talkative.closed])).toEqual([expected, expected]);
    clearInterval(talking);
  });

  it('with 4409 for an id that is in use', async () => {
    const socket = await (await open()).initialise();
    socket.subscribe('1', watching());
    await socket.until(({ id }) => id === '1');
    socket.subscribe('1', watching());
    expect(await socket.closed).toEqual({ code: 4409, reason: 'Subscriber for 1 already exists' });
  });

  it('with 4429 for being initialised again', async () => {
    const socket = await (await open()).initialise();
    socket.send({ type: 'connection_init' });
    expect(await socket.closed).toEqual({ code: 4429, reason: 'Too many initialisation requests' });
  });

  it('with 1009 for a message of more than 256 kB, and not for one of that', async () => {
    const message = (bytes: number) => {
      const text = JSON.stringify({ type: 'ping', payload: { padding: '' } });
      return text.replace('""', `"${'x'.repeat(bytes - text.length)}"`);
    };
    const socket = await (await open()).initialise();
    socket.send(message(256 * 1024));
    await socket.until(({ type }) => type === 'pong');
    socket.send(message(256 * 1024 + 1));
    expect((await socket.closed).code).toBe(1009);
  });

  it('with 1007 for text that is no UTF-8', async () => {
    const socket = await (await open()).initialise();
    socket.socket.send(Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), { binary: false });
    expect((await socket.closed).code).toBe(1007);
  });
});

describe('a WebSocket that a page opens', () => {
  const origins = { CORS_ORIGINS: 'https://shop.example, capacitor://localhost' };
  const openWith = async (server: World['server'], headers: Record<string, string>) => {
    const socket = await openSocket(server, { headers });
    opened.push(socket);
    await socket.initialise();
  };

  it('is refused from another origin, unless it is named or comes from no browser', async () => {
    const server = await world.addServer({ env: { ...origins, PUBLIC_URL: 'https://tickets.example' } });
    const own = server.url.replace('http://', '');
    for (const origin of [
      'https://shop.example',
      'capacitor://localhost',
      'https://tickets.example',
      `http://${own}`,
      `https://${own}`,
    ]) {
      await openWith(server, { origin });
    }
    await openWith(server, {});
    await openWith(server, { origin: 'http://boxoffice.internal', host: 'BOXOFFICE.internal' });
    for (const origin of [
      'https://evil.example',
      'http://shop.example',
      'https://shop.example.evil.example',
      'https://shop.example:8443',
      'null',
      '',
      'https://',
      'file://',
      'nonsense',
    ]) {
      await expect(openWith(server, { origin })).rejects.toThrow('Unexpected server response: 403');
    }
  });

  it('is welcome from everywhere where all origins are', async () => {
    const server = await world.addServer({ env: { CORS_ORIGINS: '*' } });
    for (const origin of ['https://evil.example', 'null']) await openWith(server, { origin });
  });
});

describe('somebody who opens many WebSockets', () => {
  const from = (address: string): RawSocketOptions => ({ headers: { 'x-forwarded-for': address } });
  const limited = {
    RATE_LIMITS: 'on',
    TRUSTED_PROXIES: '1',
    WEBSOCKETS_PER_ADDRESS: '3',
    WEBSOCKETS_PER_USER: '2',
  };
  let server: World['server'];
  beforeAll(async () => {
    server = await world.addServer({ env: limited });
  });
  const openAt = async (options: RawSocketOptions) => {
    const socket = await openSocket(server, options);
    opened.push(socket);
    return socket;
  };

  it('has so many from one address, and room again for each that is closed', async () => {
    const [first] = [await openAt(from('192.0.2.1')), await openAt(from('192.0.2.1'))];
    await openAt(from('192.0.2.1'));
    const refused = 'Unexpected server response: 429';
    await expect(openAt(from('192.0.2.1'))).rejects.toThrow(refused);
    await openAt(from('192.0.2.2'));
    await first.close();
    await openAt(from('192.0.2.1'));
    await expect(openAt(from('192.0.2.1'))).rejects.toThrow(refused);
  });

  it('has one network of IPv6 for one address', async () => {
    for (const end of ['1', '2', 'ffff:0:9']) await openAt(from(`2001:db8:0:7::${end}`));
    await expect(openAt(from('2001:DB8::7:0:0:0:8'))).rejects.toThrow('429');
    await openAt(from('2001:db8:0:8::1'));
  });

  it('loses no room to what was never opened', async () => {
    for (let time = 0; time < 10; time += 1) {
      const path = new URL(`${server.url}/graphql`);
      const headers = { 'x-forwarded-for': '192.0.2.3', upgrade: 'websocket', connection: 'upgrade' };
      const status = await new Promise((resolve, reject) => {
        request(path, { headers }, (response) => resolve(response.resume().statusCode))
          .on('error', reject)
          .end();
      });
      expect(status).toBe(400);
    }
    for (let count = 0; count < 3; count += 1) await openAt(from('192.0.2.3'));
  });

  it('has so many as one user, wherever they come from, and is told to try again later', async () => {
    const [{ token }, other] = [await signUp(server), await signUp(server)];
    const connect = async (address: string, as = token) => {
      const socket = await openAt(from(address));
      socket.send({ type: 'connection_init', payload: { Authorization: `Bearer ${as}` } });
      return socket;
    };
    const first = await connect('192.0.2.10');
    await first.until(({ type }) => type === 'connection_ack');
    await (await connect('192.0.2.11')).until(({ type }) => type === 'connection_ack');
    const expected = { code: 1013, reason: 'Too many connections of this account' };
    expect(await (await connect('192.0.2.12')).closed).toEqual(expected);
    await (await connect('192.0.2.13', other.token)).until(({ type }) => type === 'connection_ack');
    await first.close();
    await (await connect('192.0.2.14')).until(({ type }) => type === 'connection_ack');
    expect(await (await connect('192.0.2.15')).closed).toEqual(expected);
  });

  it('is not counted where there are no limits', async () => {
    const unlimited = await world.addServer({ env: { ...limited, RATE_LIMITS: 'off' } });
    const { token } = await signUp(unlimited);
    for (let count = 0; count < 5; count += 1) {
      const socket = await openSocket(unlimited, from('192.0.2.1'));
      opened.push(socket);
      await socket.initialise({ Authorization: `Bearer ${token}` });
    }
  });
});

describe('many operations of one WebSocket', () => {
  const inUse = (payload: unknown) => (payload as { extensions: unknown }[])[0]?.extensions;

  it('are a hundred at once', async () => {
    const socket = await (await open()).initialise();
    for (let count = 1; count <= 101; count += 1) socket.subscribe(String(count), watching());
    const refused = await socket.until(({ type }) => type === 'error');
    expect(refused.id).toBe('101');
    expect(inUse(refused.payload)).toEqual({ code: 'RATE_LIMITED', limit: 100, retryAfterMs: 1_000 });
    await socket.until(({ id }) => id === '100');
    socket.send({ id: '50', type: 'complete' });
    socket.subscribe('102', QUERY);
    expect((await socket.until(({ id }) => id === '102')).type).toBe('next');
  });

  it('are counted also where nobody waits for the answer any more', async () => {
    const client = await world.database.pool.connect();
    await client.query('begin; lock table app_user in access exclusive mode');
    const socket = await (await open()).initialise();
    try {
      const signIn = 'mutation { signIn(input: { email: "a@example.com", password: "x" }) { accessToken } }';
      for (let count = 1; count <= 101; count += 1) {
        socket.subscribe('again', signIn);
        socket.send({ id: 'again', type: 'complete' });
      }
      const refused = await socket.until(({ type }) => type === 'error');
      expect(inUse(refused.payload)).toMatchObject({ code: 'RATE_LIMITED' });
    } finally {
      await client.query('rollback');
      client.release();
    }
  });
});

/** Of a protocol that a client of the `ws` package would not take no for an answer to. */
function closeCodeOf(protocol: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = {
      upgrade: 'websocket',
      connection: 'upgrade',
      'sec-websocket-version': '13',
      'sec-websocket-key': Buffer.alloc(16, 1).toString('base64'),
      'sec-websocket-protocol': protocol,
    };
    const outgoing = request(`${world.server.url}/graphql`, { headers });
    outgoing.on('error', reject);
    outgoing.on('upgrade', (_response, stream, head) => {
      // A frame that closes: 0x88, its length, its code.
      const read = (frame: Buffer) => {
        stream.destroy();
        resolve(frame[0] === 0x88 ? frame.readUInt16BE(2) : -1);
      };
      if (head.length > 0) read(head);
      else stream.once('data', read);
    });
    outgoing.end();
  });
}
