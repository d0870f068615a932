import base from './jest.config.mjs';

/**
 * A process killed at every boundary of an order's life: `npm run test:crash`.
 *
 * @type {import('jest').Config}
 */
export default {
  ...base,
  roots: ['<rootDir>/test/crash'],
  testPathIgnorePatterns: ['/node_modules/'],
  maxWorkers: 1,
  // How many minutes it takes depends on how many boundaries there are.
  testTimeout: 60 * 60_000,
};
