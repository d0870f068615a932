import type { Group } from '../support/bench.js';
import { hot } from './hot.js';

/** In the order of the table. */
export const groups: readonly Group[] = [hot];
