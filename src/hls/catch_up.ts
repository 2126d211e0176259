/**
 * How a replica makes sure that it does not lag. Messages keep their order, so with the answer to a
 * question all has come that its source had told before.
 *
 * @module
 */
import type { Clock, Timer } from "../session/clock.ts";
import { Waiters } from "./waiters.ts";

/**
 * Asks a source whether that is all, once for all who want to know it, and not again within 50 ms of
 * the last time.
 */
export class CatchUp {
  readonly #clock: Pick<Clock, "after">;
  readonly #ask: () => void;
  /** Those for whom the source was asked; `undefined` once it has answered. */
  #asked: Waiters | undefined;
  /** Those who came after that: what they miss may have been told after the answer. */
  #next = new Waiters();
  /** Runs while nothing may be asked. */
  #pause: Timer | undefined;

  /** @param ask asks the source, which may answer at once, by {@link take} */
  constructor(clock: Pick<Clock, "after">, ask: () => void) {
    this.#clock = clock;
    this.#ask = ask;
  }

  /**
   * Waits until all is here that the source has told so far. {@link sweep} has to be called now and
   * then.
   * @param until when it waits no longer, on `Clock.awake`
   * @param signal ends the wait before
   * @returns whether all is here; false where it gave up
   */
  wait(until: number, signal?: AbortSignal): Promise<boolean> {
    const told = this.#next.wait(until, signal);
    this.#askNext();
    return told;
  }

  /** The source has answered. */
  take(): void {
    this.#asked?.wake();
    this.#asked = undefined;
    this.#askNext();
  }

  /** Has those give up whose time is over by `now`, on `Clock.awake`. */
  sweep(now: number): void {
    this.#asked?.sweep(now);
    this.#next.sweep(now);
  }

  /** Has all give up, and asks nothing any more. */
  close(): void {
    this.sweep(Infinity);
    this.#pause?.cancel();
  }

  #askNext(): void {
    if (this.#asked !== undefined || this.#pause !== undefined || this.#next.isEmpty) return;
    this.#asked = this.#next;
    this.#next = new Waiters();
    this.#ask();
    // A source that has answered already is in this thread, and has no message to read.
    if (this.#asked === undefined) return;
    this.#pause = this.#clock.after(PAUSE_MS, () => {
      this.#pause = undefined;
      this.#askNext();
    });
  }
}

/** Nothing is asked so long after the last time. */
const PAUSE_MS = 50;
