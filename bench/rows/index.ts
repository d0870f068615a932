import type { Group } from '../support/bench.js';
import { fanOut } from './fan-out.js';
import { hot } from './hot.js';
import { join } from './join.js';
import { processes } from './processes.js';
import { reads } from './reads.js';
import { soak } from './soak.js';
import { socketMemory } from './socket-memory.js';
import { spread } from './spread.js';

/** In the order of the table. */
export const groups: readonly Group[] = [hot, processes, spread, reads, fanOut, socketMemory, join, soak];
