import type { Row } from '../harness/row.js';
import { mailServerDead } from './mail.js';
import { commitReplyLost, postgresLost } from './postgres.js';
import { redisLost, redisQuorum } from './redis.js';
import { rollingKill, rollingRestart } from './rolling-restart.js';
import { serverKilled } from './server-killed.js';
import { serverStopped } from './server-stopped.js';
import { stripeInTrouble } from './stripe.js';

/** In the order of the table. */
export const ROWS: readonly Row[] = [
  serverKilled,
  serverStopped,
  redisLost,
  redisQuorum,
  postgresLost,
  commitReplyLost,
  stripeInTrouble,
  mailServerDead,
  rollingRestart,
  rollingKill,
];
