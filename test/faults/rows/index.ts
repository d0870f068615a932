import type { Row } from '../harness/row.js';
import { clockJumps } from './clock.js';
import { controls } from './controls.js';
import { diskFull } from './disk-full.js';
import { mailServerDead } from './mail.js';
import { commitReplyLost, postgresLost } from './postgres.js';
import { redisLost, redisQuorum } from './redis.js';
import { rollingKill, rollingRestart } from './rolling-restart.js';
import { serverKilled } from './server-killed.js';
import { serverStopped } from './server-stopped.js';
import { soak } from './soak.js';
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
  clockJumps,
  diskFull,
  rollingRestart,
  soak,
  ...controls,
  rollingKill,
];
