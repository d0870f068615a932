/** What has been started, to be stopped in the opposite order. */
export class Shutdown {
  readonly #steps: Array<{ readonly name: string; readonly stop: () => Promise<unknown> | unknown }> = [];

  add(name: string, stop: () => Promise<unknown> | unknown): void {
    this.#steps.push({ name, stop });
  }

  /** Stops everything, also what comes after something that fails to stop. */
  async run(): Promise<void> {
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) {
      try {
        await step.stop();
      } catch (error) {
        console.error(`  ${step.name} did not stop as it should: ${(error as Error).message}`);
      }
    }
  }
}
