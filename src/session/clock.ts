/** The time: what the rest of the server reads and waits by, so that tests can move it. */
import { AwakeTime } from "./awake_time.ts";

/** A running timer; `cancel` stops it and may be called any number of times. */
export interface Timer {
  cancel(): void;
}

/**
 * The one way time comes in, so that tests can move it by hand. Whoever judges somebody else (a peer
 * that is silent, a server that does not answer, a DJ who is away) goes by {@link awake},
 * {@link waited} and {@link after}; what is over at its time whoever is looking (a key, a rate) by {@link monotonic} and
 * {@link at}.
 */
export interface Clock {
  /** Wall time in milliseconds since the epoch; may jump when the system's clock is set. */
  now(): number;
  /** Milliseconds since some start; never goes back. */
  monotonic(): number;
  /**
   * Milliseconds since some start in which this process could watch its peers: it does not go on
   * while the process stands still, nor before what arrived meanwhile has been read. Never goes back.
   * @param nowMs what {@link monotonic} is, where that was just read
   */
  awake(nowMs?: number): number;
  /**
   * Milliseconds that it has waited since `sinceMs`, on {@link awake}, as far as what arrived has
   * been read; less than zero where nothing has that arrived after it.
   */
  waited(sinceMs: number): number;
  /** Calls `callback` once, when {@link awake} has gone on by `ms`. */
  after(ms: number, callback: () => void): Timer;
  /** Calls `callback` once, when {@link monotonic} is at `ms`. */
  at(ms: number, callback: () => void): Timer;
  /** Calls `callback` every `ms` milliseconds, of which those are left out that the process missed. */
  every(ms: number, callback: () => void): Timer;
}

/**
 * When a moment was, as the box's clock is set now: in milliseconds since the epoch.
 * @param at the moment, on {@link Clock.monotonic}
 */
export function wallTimeOf(clock: Pick<Clock, "now" | "monotonic">, at: number): number {
  return Math.round(clock.now() + at - clock.monotonic());
}

/** What a clock is made of. */
export interface TimeSource {
  /** See {@link Clock.now}. */
  now(): number;
  /** See {@link Clock.monotonic}. */
  monotonic(): number;
  /** Calls `callback` once, `ms` milliseconds from now or later. */
  after(ms: number, callback: () => void): Timer;
}

/** How often it is looked whether the process stands still, while there are timers. */
const BEAT_MS = 250;
/** Timers count whole milliseconds, and so they may be early by a part of one. */
const GRAIN_MS = 1;
/** A timer of JavaScript that is longer fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** A clock that knows when its process stood still. */
export class WatchfulClock implements Clock {
  readonly #source: TimeSource;
  readonly #awake = new AwakeTime();
  #timers = 0;
  #beat: Timer | undefined;
  #beatDueAt = Infinity;

  constructor(source: TimeSource) {
    this.#source = source;
  }

  now(): number {
    return this.#source.now();
  }

  monotonic(): number {
    return this.#source.monotonic();
  }

  awake(nowMs: number = this.#source.monotonic()): number {
    return this.#awake.look(nowMs, this.#beatDueAt);
  }

  waited(sinceMs: number): number {
    this.#look();
    return this.#awake.judgedMs - sinceMs;
  }

  after(ms: number, callback: () => void): Timer {
    const dueMs = this.#look() + ms;
    const timer = this.#add();
    // Once is enough: where every turn is late, timers would never fire.
    let hasReadFirst = false;
    const wait = (waitMs: number) => {
      const runAt = this.#source.monotonic() + waitMs;
      timer.arm(waitMs, () => {
        this.#look(runAt);
        const now = this.#source.monotonic();
        const leftMs = this.#awake.msUntil(dueMs, now);
        if (leftMs >= GRAIN_MS) return wait(leftMs);
        const readMs = hasReadFirst ? 0 : this.#awake.msUntilRead(now);
        hasReadFirst = true;
        if (readMs >= GRAIN_MS) return wait(readMs);
        timer.cancel();
        callback();
      });
    };
    const now = this.#source.monotonic();
    wait(Math.max(this.#awake.msUntil(dueMs, now), this.#awake.msUntilRead(now)));
    return timer;
  }

  at(ms: number, callback: () => void): Timer {
    const timer = this.#add();
    const wait = () => {
      timer.arm(ms - this.#source.monotonic(), () => {
        if (ms - this.#source.monotonic() >= GRAIN_MS) return wait();
        timer.cancel();
        callback();
      });
    };
    wait();
    return timer;
  }

  every(ms: number, callback: () => void): Timer {
    const timer = this.#add();
    const wait = () => {
      timer.arm(ms, () => {
        wait();
        callback();
      });
    };
    wait();
    return timer;
  }

  /** @param dueAt when what runs now was due */
  #look(dueAt: number = Infinity): number {
    return this.#awake.look(this.#source.monotonic(), Math.min(dueAt, this.#beatDueAt));
  }

  #add(): ArmedTimer {
    if (this.#timers++ === 0) this.#watch();
    return new ArmedTimer(this.#source, () => {
      if (--this.#timers > 0) return;
      this.#beat?.cancel();
      this.#beatDueAt = Infinity;
    });
  }

  #watch(): void {
    this.#beatDueAt = this.#source.monotonic() + BEAT_MS;
    this.#beat = this.#source.after(BEAT_MS, () => {
      this.#look();
      this.#watch();
    });
  }
}

/** The machine's clock; its {@link Clock.monotonic} counts from the start of the process. */
export const systemClock: Clock = new WatchfulClock({
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, callback) {
    const id = setTimeout(callback, ms);
    return { cancel: () => clearTimeout(id) };
  },
});

/** A timer that may be armed again until it is cancelled. */
class ArmedTimer implements Timer {
  readonly #source: TimeSource;
  readonly #onEnd: () => void;
  #armed: Timer | undefined;
  #ended = false;

  constructor(source: TimeSource, onEnd: () => void) {
    this.#source = source;
    this.#onEnd = onEnd;
  }

  arm(ms: number, callback: () => void): void {
    this.#armed = this.#source.after(Math.min(Math.max(0, ms), MAX_TIMER_MS), callback);
  }

  cancel(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#armed?.cancel();
    this.#onEnd();
  }
}
