import { randomUUID } from 'node:crypto';
import type { Random } from '../../../bench/onsale/random.js';
import { send } from '../../support/http.js';
import { OPERATIONS, type OperationName } from '../../support/operations.js';
import type { Attack } from '../attack.js';

const NAMES = Object.keys(OPERATIONS).filter((name) => !name.startsWith('Subscription.')) as OperationName[];

const attack: Attack = {
  name: 'a secret sent in any place, looked for in logs, metrics and errors',
  times: { quick: 500, full: 5_000 },
  async run({ world, attempt, judge }) {
    const server = await world.addServer({ env: { LOG_LEVEL: 'debug', WORKER: 'off' } });
    const mark = `secret-${randomUUID()}`;
    await attempt(async (random) => {
      const answer = await send(server, '/graphql', requestWith(random, mark));
      judge(answer);
      // What was stored is answered to whoever stored it; a failure has no reason to say it.
      const errors = JSON.stringify(answer.errors);
      if (errors.includes(mark)) throw new Error(`An error says what was sent: ${errors}`);
    });
    const { text: metrics } = await send(server, '/metrics');
    if (metrics.includes(mark)) throw new Error('The metrics say what was sent');
    const line = server.lines().find((one) => one.includes(mark));
    if (line !== undefined) throw new Error(`The log says what was sent: ${line.slice(0, 1_000)}`);
    return `${server.lines().length.toLocaleString('en-US')} lines of log`;
  },
};
export default attack;

/** As a value of any variable, of the wrong type where it is not a text; or as the token. */
function requestWith(random: Random, mark: string): RequestInit {
  const query = OPERATIONS[pick(random, NAMES)];
  const names = [...query.matchAll(/\$(\w+): (\w+)/g)].map(([, name = '', type = '']) => ({ name, type }));
  const variables = Object.fromEntries(names.map(({ name, type }) => [name, wrongValue(random, type, mark)]));
  const withToken = random.next() < 0.2;
  return {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(withToken && { authorization: pick(random, [`Bearer ${mark}`, mark, `Basic ${mark}`]) }),
    },
    body: JSON.stringify({ query, variables }),
  };
}

function wrongValue(random: Random, type: string, mark: string): unknown {
  const inputs = {
    SignUpInput: { email: `${mark}@example`, password: mark, name: mark },
    SignInInput: { email: 'somebody@example.com', password: mark },
    PurchaseTicketsInput: { showId: mark, items: [], email: mark, idempotencyKey: mark },
  };
  // An id is no secret: those of tickets are named by the error, since a cart has many.
  if (type === 'ID') return pick(random, ['1', [mark], { id: mark }]);
  const given = (inputs as Record<string, object>)[type] ?? mark;
  return pick(random, [given, mark, [mark], { password: mark }, { ...Object(given), nothing: 1 }]);
}

function pick<Item>(random: Random, items: readonly Item[]): Item {
  return items[Math.floor(random.between(0, items.length))] as Item;
}
