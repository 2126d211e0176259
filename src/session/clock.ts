/** A running timer; `cancel` stops it and may be called any number of times. */
export interface Timer {
  cancel(): void;
}

/** The one way time comes in, so that tests can move it by hand. */
export interface Clock {
  /** Wall time in milliseconds since the epoch; may jump when the system's clock is set. */
  now(): number;
  /** Milliseconds since some start; never goes back. */
  monotonic(): number;
  /** Calls `callback` once, `ms` milliseconds from now. */
  after(ms: number, callback: () => void): Timer;
  /** Calls `callback` every `ms` milliseconds. */
  every(ms: number, callback: () => void): Timer;
}

/**
 * When a moment was, as the box's clock is set now: in milliseconds since the epoch.
 * @param at the moment, on {@link Clock.monotonic}
 */
export function wallTimeOf(clock: Pick<Clock, "now" | "monotonic">, at: number): number {
  return Math.round(clock.now() + at - clock.monotonic());
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, callback) {
    const id = setTimeout(callback, ms);
    return { cancel: () => clearTimeout(id) };
  },
  every(ms, callback) {
    const id = setInterval(callback, ms);
    return { cancel: () => clearInterval(id) };
  },
};
