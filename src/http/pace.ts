import { performance } from 'node:perf_hooks';

/** How much of one turn of the event loop goes into all crowds together, in milliseconds; one task may take longer. */
const TURN_MS = 2;

type Task = () => void;

/**
 * Work that comes in crowds, done a little at a time. Each crowd has a lane of its own, first come, first served,
 * and lanes take turns. Between two pieces of such work, whatever else has come is served: as many turns of the
 * event loop as it needs, but at the most for as long as the piece took, so that each side has half of a process that
 * cannot do all. What takes many steps, as a purchase does with its statements, is then late by one piece a step.
 */
export class Pace {
  private readonly lanes: Lane[] = [];
  private at = 0;
  /** Of the lane that it is at, in this turn of its. */
  private taken = 0;
  private running = false;
  private began = 0;
  private end = 0;
  private events = 0;

  /** @param share how many tasks are done when it is its turn */
  lane(share: number): Lane {
    const lane = new Lane(share, () => this.start());
    this.lanes.push(lane);
    return lane;
  }

  private start(): void {
    if (this.running) return;
    this.running = true;
    setImmediate(this.piece);
  }

  private readonly piece = (): void => {
    this.began = performance.now();
    this.end = this.began + TURN_MS;
    this.step();
  };

  private readonly step = (): void => {
    this.next()?.();
    if (!this.isEmpty() && performance.now() < this.end) queueMicrotask(this.later);
    else this.endPiece();
  };

  /** What a task has promised is done before the next one, and in the time of this turn. */
  private readonly later = (): void => process.nextTick(this.step);

  private next(): Task | undefined {
    for (let tried = 0; tried <= this.lanes.length; tried += 1) {
      const lane = this.lanes[this.at] as Lane;
      const task = this.taken < lane.share ? lane.take() : undefined;
      if (task !== undefined) {
        this.taken += 1;
        return task;
      }
      this.at = (this.at + 1) % this.lanes.length;
      this.taken = 0;
    }
    return undefined;
  }

  private endPiece(): void {
    for (const lane of this.lanes) lane.tidy();
    this.running = !this.isEmpty();
    if (!this.running) return;
    const now = performance.now();
    this.end = now + (now - this.began);
    this.events = countEvents();
    setImmediate(this.rest);
  }

  /** Each turn of the event loop takes in one new connection, and one step of whatever waits for answers. */
  private readonly rest = (): void => {
    const events = countEvents();
    if (events === this.events || performance.now() >= this.end) {
      this.piece();
      return;
    }
    this.events = events;
    setImmediate(this.rest);
  };

  private isEmpty(): boolean {
    return this.lanes.every((lane) => lane.isEmpty);
  }
}

/** One crowd's work, in the order in which it came. */
export class Lane {
  private tasks: Task[] = [];
  private done = 0;

  constructor(
    readonly share: number,
    private readonly onWork: () => void,
  ) {}

  /** @param task must not throw */
  run(task: Task): void {
    this.tasks.push(task);
    this.onWork();
  }

  get isEmpty(): boolean {
    return this.done === this.tasks.length;
  }

  take(): Task | undefined {
    const task = this.tasks[this.done];
    if (task !== undefined) this.done += 1;
    return task;
  }

  /** What was done is let go of once a turn, so that a long queue is not copied for each task. */
  tidy(): void {
    if (this.done === 0) return;
    this.tasks = this.tasks.slice(this.done);
    this.done = 0;
  }
}

/** What came from outside and was handled, since the process started: sockets read, connections taken in. */
function countEvents(): number {
  return performance.nodeTiming.uvMetricsInfo.events;
}
