import { readFileSync } from 'node:fs';

/*
 * For `node --import`: a process whose clock jumps. On SIGUSR2 it reads from the file that CLOCK_FILE names by how many
 * milliseconds it is wrong. As with the system's own clock, timers and performance.now() do not follow.
 */

const RealDate = Date;
let offMs = 0;

class JumpingDate extends RealDate {
  constructor(...given: [] | [number | string | Date]) {
    super(...((given.length === 0 ? [RealDate.now() + offMs] : given) as [number]));
  }

  static override now(): number {
    return RealDate.now() + offMs;
  }
}

// The ORM knows types by their names.
Object.defineProperty(JumpingDate, 'name', { value: 'Date' });
globalThis.Date = JumpingDate as DateConstructor;
process.on('SIGUSR2', () => {
  offMs = Number(readFileSync(process.env.CLOCK_FILE as string, 'utf8'));
});
