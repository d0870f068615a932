/** Keeps the last lines of a log, to be shown when its server fails. */
export class LogTail {
  readonly #lines: string[] = [];

  constructor(readonly capacity = 40) {}

  push(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > this.capacity) this.#lines.shift();
  }

  includes(text: string): boolean {
    return this.#lines.some((line) => line.includes(text));
  }

  toString(): string {
    return this.#lines.length === 0 ? '(it wrote nothing)' : this.#lines.join('\n');
  }
}
