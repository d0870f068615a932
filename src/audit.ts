import 'reflect-metadata';
import { parseArgs } from 'node:util';
import { type Difference, findInventoryDifferences, LedgerAudit } from './accounting/index.js';
import { createOrm } from './database/index.js';
import { readEnvironment } from './env.js';
import { createLogger } from './logging.js';
import { Metrics } from './metrics.js';
import {
  createStripeClient,
  inBackground,
  OrderRecords,
  requestsPerSecond,
  StripeCalls,
  StripePace,
} from './payments/index.js';

const ORDERS_AT_ONCE = 100;
const USAGE = 'Usage: npm run audit -- [--from <instant>] [--to <instant>]\n';

/** Prints every difference, one a line; ends with 1 if there is one, with 2 if the audit could not be made. */
try {
  const range = readRange();
  if (range === undefined) {
    process.stderr.write(USAGE);
    process.exitCode = 2;
  } else if ((await audit(range)) > 0) {
    process.exitCode = 1;
  }
} catch (error) {
  process.stderr.write(
    `The audit could not be made: ${error instanceof Error ? error.message : String(error)}\n`,
  );
  process.exitCode = 2;
}

interface Range {
  /** When the orders were made whose money is compared with Stripe. */
  readonly from: Date | undefined;
  readonly to: Date | undefined;
}

function readRange(): Range | undefined {
  const { values } = parseArgs({ options: { from: { type: 'string' }, to: { type: 'string' } } });
  const [from, to] = [values.from, values.to].map((text) =>
    text === undefined ? undefined : new Date(text),
  );
  const wrong = [from, to].some((instant) => instant !== undefined && Number.isNaN(instant.getTime()));
  return wrong ? undefined : { from, to };
}

/** @returns how many differences there are */
async function audit(range: Range): Promise<number> {
  const environment = readEnvironment();
  const logger = createLogger('error');
  const orm = await createOrm(environment.DATABASE_URL, 1);
  try {
    const metrics = new Metrics();
    const pace = new StripePace(requestsPerSecond(environment), undefined, metrics);
    const calls = new StripeCalls(pace, metrics, logger);
    const ledger = new LedgerAudit(new OrderRecords(createStripeClient(environment), calls));
    const inventory = await findInventoryDifferences(orm.em.fork());
    for (const difference of inventory) print(difference);
    let [orders, found] = [0, inventory.length];
    for (let after: string | null | undefined, more = true; more; ) {
      const page = await inBackground(() =>
        ledger.compare(orm.em.fork(), { ...range, first: ORDERS_AT_ONCE, after }),
      );
      for (const difference of page.differences) print(sentence(difference));
      orders += page.orders;
      found += page.differences.length;
      after = page.endCursor;
      more = page.hasNextPage;
    }
    print(`${found} differences; ${orders} orders were compared with Stripe`);
    return found;
  } finally {
    await orm.close();
  }
}

function sentence({ orderId, what, stripeId, recorded, atStripe }: Difference): string {
  return `order ${orderId}: ${what} ${stripeId} is ${recorded ?? 'missing'} here, ${atStripe ?? 'missing'} at Stripe`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
