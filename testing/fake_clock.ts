/** A clock that tests move by hand. */
import { type Timer, type TimeSource, WatchfulClock } from "../src/session/clock.ts";

/** A clock that stands still until it is told to go on. */
export class FakeClock extends WatchfulClock {
  readonly #time: FakeTime;

  /** @param startMs wall time at the start, in milliseconds since the epoch */
  constructor(startMs: number = Date.UTC(2026, 0, 1)) {
    const time = new FakeTime(startMs);
    super(time);
    this.#time = time;
  }

  /** Timers that have not fired. */
  get timerCount(): number {
    // Where there are any, there is one by which the clock watches itself.
    return Math.max(0, this.#time.timerCount - 1);
  }

  /** Sets wall time as an operator does, without time passing. */
  setWall(ms: number): void {
    this.#time.wallMs = ms;
  }

  /** Lets time pass and fires what is due on the way, with promises settled in between. */
  async advance(ms: number): Promise<void> {
    await settle();
    for (const fire of this.#time.pass(ms)) {
      fire();
      await settle();
    }
    await settle();
  }

  /** As {@link advance}, for what needs no promise. */
  advanceSync(ms: number): void {
    for (const fire of this.#time.pass(ms)) fire();
  }

  /**
   * The process stands still for `ms`: nothing fires meanwhile. Then all that is due fires at once,
   * before anything that arrived can be read.
   */
  standStill(ms: number): void {
    this.#time.jump(ms);
  }
}

interface Due {
  readonly at: number;
  readonly callback: () => void;
}

class FakeTime implements TimeSource {
  wallMs: number;
  #elapsedMs = 0;
  /** In the order in which they were made. */
  readonly #timers = new Set<Due>();

  constructor(startMs: number) {
    this.wallMs = startMs;
  }

  now(): number {
    return this.wallMs;
  }

  monotonic(): number {
    return this.#elapsedMs;
  }

  after(ms: number, callback: () => void): Timer {
    const due = { at: this.#elapsedMs + ms, callback };
    this.#timers.add(due);
    return { cancel: () => this.#timers.delete(due) };
  }

  get timerCount(): number {
    return this.#timers.size;
  }

  /** Lets time pass; gives what is due on the way, to be called. */
  *pass(ms: number): Generator<() => void> {
    const end = this.#elapsedMs + ms;
    for (let due = this.#next(end); due !== undefined; due = this.#next(end)) {
      this.#goTo(due.at);
      this.#timers.delete(due);
      yield due.callback;
    }
    this.#goTo(end);
  }

  jump(ms: number): void {
    this.#goTo(this.#elapsedMs + ms);
    const due = [...this.#timers].filter(({ at }) => at <= this.#elapsedMs);
    for (const timer of due.sort((a, b) => a.at - b.at)) {
      // One may cancel another.
      if (this.#timers.delete(timer)) timer.callback();
    }
  }

  #next(end: number): Due | undefined {
    let next: Due | undefined;
    for (const due of this.#timers) {
      if (due.at <= end && (next === undefined || due.at < next.at)) next = due;
    }
    return next;
  }

  #goTo(elapsedMs: number): void {
    this.wallMs += elapsedMs - this.#elapsedMs;
    this.#elapsedMs = elapsedMs;
  }
}

/** Lets everything run that waits for no timer. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}
