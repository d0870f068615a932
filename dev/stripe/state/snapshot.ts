/** An object as it is now, as it would cross the wire: later changes do not reach it. */
export function snapshot<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
