import type { Group } from '../support/bench.js';
import { hot } from './hot.js';
import { processes } from './processes.js';
import { reads } from './reads.js';
import { spread } from './spread.js';

/** In the order of the table. */
export const groups: readonly Group[] = [hot, processes, spread, reads];
