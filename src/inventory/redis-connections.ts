import { type Command, Redis, type RedisOptions } from 'ioredis';
import type { Logger } from '../logging.js';

/** No command waits for longer, in milliseconds: a dead Redis costs a purchase two of these at most. */
const COMMAND_TIMEOUT_MS = 140;

/**
 * The library's own `commandTimeout` fails commands whose reply is long there when this process was too
 * busy to read it; in a rush it would take a healthy Redis for dead. Here, what has arrived is read
 * first: between a timer and an immediate, Node.js reads its sockets.
 */
class PatientRedis extends Redis {
  override sendCommand(...given: Parameters<Redis['sendCommand']>): unknown {
    const [command] = given;
    this.writeOncePerTick();
    const answer = super.sendCommand(...given);
    let timer: NodeJS.Timeout | undefined;
    let isSettled = false;
    // What is not sent yet, because this process is busy until the end of the tick, cannot be late.
    process.nextTick(() => {
      if (!isSettled) timer = setTimeout(giveUp, COMMAND_TIMEOUT_MS, command);
    });
    const settled = () => {
      isSettled = true;
      clearTimeout(timer);
    };
    command.promise.then(settled, settled);
    return answer;
  }

  /** News of many shows at once is sent by one system call. */
  private writeOncePerTick(): void {
    const { stream } = this;
    if (stream === undefined || stream.writableCorked > 0) return;
    stream.cork();
    process.nextTick(() => stream.uncork());
  }
}

function giveUp(command: Command): void {
  setImmediate(() => command.reject(new Error('Redis did not answer in time')));
}

/**
 * A connection on which a dead or hanging Redis is noticed at once: nothing is queued while it is
 * away, and no command waits for long.
 */
export function connectToRedis(url: string, use: string, logger: Logger, options: RedisOptions = {}): Redis {
  const connection = new PatientRedis(url, {
    enableOfflineQueue: false,
    connectTimeout: 1_000,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(50 * attempt, 1_000),
    connectionName: `boxoffice-${use}`,
    ...options,
  });
  let lost = false;
  connection.on('error', (error) => {
    if (!lost) logger.warn({ err: error, use }, 'The connection to Redis failed');
    lost = true;
  });
  connection.on('ready', () => {
    if (lost) logger.info({ use }, 'The connection to Redis is back');
    lost = false;
  });
  return connection;
}
