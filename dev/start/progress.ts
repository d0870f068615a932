const NAME_WIDTH = 12;

/** Runs one step of the start, and prints what came of it and how long it took once it is done. */
export async function step<T>(
  name: string,
  work: () => Promise<T>,
  describe: (result: T) => string,
): Promise<T> {
  const began = performance.now();
  const result = await work();
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  report(name, `${describe(result)}  (${seconds} s)`);
  return result;
}

export function report(name: string, what: string): void {
  console.log(`  ${name.padEnd(NAME_WIDTH)}  ${what}`);
}
