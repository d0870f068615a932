import { afterEach } from '@jest/globals';
import { audits } from './open-worlds.js';

// After every test, whatever it was about: the counters of all tickets are what their orders say.
afterEach(async () => {
  for (const audit of audits) await audit();
});
