import type { Clock, Timer } from "../src/session/clock.ts";

interface Due {
  readonly at: number;
  readonly order: number;
  readonly everyMs: number | undefined;
  readonly callback: () => void;
}

/** A clock that stands still until it is told to go on. */
export class FakeClock implements Clock {
  #now: number;
  #elapsed = 0;
  #order = 0;
  readonly #timers = new Set<Due>();

  /** @param startMs wall time at the start, in milliseconds since the epoch */
  constructor(startMs: number = Date.UTC(2026, 0, 1)) {
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  after(ms: number, callback: () => void): Timer {
    return this.#add(ms, undefined, callback);
  }

  every(ms: number, callback: () => void): Timer {
    return this.#add(ms, ms, callback);
  }

  /** Timers that have not fired. */
  get timerCount(): number {
    return this.#timers.size;
  }

  /** Sets wall time as an operator does, without time passing. */
  setWall(ms: number): void {
    this.#now = ms;
  }

  /** Lets time pass and fires what is due on the way, with promises settled in between. */
  async advance(ms: number): Promise<void> {
    await settle();
    const end = this.#elapsed + ms;
    for (let due = this.#next(end); due !== undefined; due = this.#next(end)) {
      this.#goTo(due.at);
      this.#fire(due);
      await settle();
    }
    this.#goTo(end);
    await settle();
  }

  /** As {@link advance}, for what needs no promise. */
  advanceSync(ms: number): void {
    const end = this.#elapsed + ms;
    for (let due = this.#next(end); due !== undefined; due = this.#next(end)) {
      this.#goTo(due.at);
      this.#fire(due);
    }
    this.#goTo(end);
  }

  #add(ms: number, everyMs: number | undefined, callback: () => void): Timer {
    const due = { at: this.#elapsed + Math.max(0, ms), order: this.#order++, everyMs, callback };
    this.#timers.add(due);
    const cancel = () => {
      for (const timer of this.#timers) {
        if (timer.callback === callback && timer.order === due.order) this.#timers.delete(timer);
      }
    };
    return { cancel };
  }

  #fire(due: Due): void {
    this.#timers.delete(due);
    if (due.everyMs !== undefined) this.#timers.add({ ...due, at: due.at + due.everyMs });
    due.callback();
  }

  #next(end: number): Due | undefined {
    let next: Due | undefined;
    for (const due of this.#timers) {
      if (due.at > end) continue;
      if (next === undefined || due.at < next.at) next = due;
      else if (due.at === next.at && due.order < next.order) next = due;
    }
    return next;
  }

  #goTo(elapsed: number): void {
    this.#now += elapsed - this.#elapsed;
    this.#elapsed = elapsed;
  }
}

/** Lets everything run that waits for no timer. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}
