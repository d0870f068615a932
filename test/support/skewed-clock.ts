/* For `node --import`: a process whose clock is a minute behind. */

const BEHIND_MS = 60_000;
const RealDate = Date;

class SkewedDate extends RealDate {
  constructor(...given: [] | [number | string | Date]) {
    super(...((given.length === 0 ? [RealDate.now() - BEHIND_MS] : given) as [number]));
  }

  static override now(): number {
    return RealDate.now() - BEHIND_MS;
  }
}

// The ORM knows types by their names.
Object.defineProperty(SkewedDate, 'name', { value: 'Date' });
globalThis.Date = SkewedDate as DateConstructor;
