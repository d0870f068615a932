/**
 * Work that comes in crowds, done a little at a time: in each turn of the event loop as much as fits into
 * its time, first come first served, so that everything else has its turns too.
 */
export class Pace {
  private tasks: (() => void)[] = [];
  private next = 0;
  private running = false;
  private end = 0;

  /** @param turnMs how much of one turn of the event loop is used, in milliseconds; one task may take longer */
  constructor(private readonly turnMs: number) {}

  /** @param task must not throw */
  run(task: () => void): void {
    this.tasks.push(task);
    if (this.running) return;
    this.running = true;
    setImmediate(this.turn);
  }

  private readonly turn = (): void => {
    this.end = performance.now() + this.turnMs;
    this.step();
  };

  private readonly step = (): void => {
    this.tasks[this.next]?.();
    this.next += 1;
    if (this.next < this.tasks.length && performance.now() < this.end) queueMicrotask(this.later);
    else this.endTurn();
  };

  /** What a task has promised is done before the next one, and in the time of this turn. */
  private readonly later = (): void => process.nextTick(this.step);

  private endTurn(): void {
    // What was done is let go of once a turn, so that a long queue is not copied for each task.
    this.tasks = this.tasks.slice(this.next);
    this.next = 0;
    this.running = this.tasks.length > 0;
    if (this.running) setImmediate(this.turn);
  }
}
