/** Tells where a name's numbers stand, ahead of what players see, so that another box may go on. */
import type { Clock } from "../session/clock.ts";
import { type NameNumbers, NUMBERS_AHEAD } from "./handed_window.ts";
import type { Numbering } from "./window.ts";

/** The numbers of a name, as others are told of them. */
export class NumbersAhead {
  readonly #clock: Pick<Clock, "awake">;
  readonly #tell: (numbers: NameNumbers) => void;
  #told: Told | undefined;

  /** @param tell is called long before numbers are used that it was not told of */
  constructor(clock: Pick<Clock, "awake">, tell: (numbers: NameNumbers) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /**
   * Players are about to see what is below these numbers.
   * @param endsAtMs up to which time, in milliseconds since the epoch
   */
  cover(next: Numbering, endsAtMs: number): void {
    const now = this.#clock.awake();
    if (this.#told !== undefined && isCovered(next, endsAtMs, this.#told, now)) return;
    const numbers = {
      mediaSequence: next.mediaSequence + NUMBERS_AHEAD,
      discontinuitySequence: next.discontinuitySequence + NUMBERS_AHEAD,
      endsAtMs,
    };
    this.#told = { numbers, at: now };
    this.#tell(numbers);
  }
}

interface Told {
  readonly numbers: NameNumbers;
  /** When, on `Clock.awake`. */
  readonly at: number;
}

/** Whether there is time to tell the next ones later. Who knows when it was told adds that time. */
function isCovered(next: Numbering, endsAtMs: number, { numbers, at }: Told, now: number): boolean {
  const margin = NUMBERS_AHEAD / 2;
  return next.mediaSequence + margin <= numbers.mediaSequence &&
    next.discontinuitySequence + margin <= numbers.discontinuitySequence &&
    endsAtMs <= numbers.endsAtMs + now - at + MAX_HASTE_MS;
}

/** Segments come in real time, but for audio that was late. */
const MAX_HASTE_MS = 1500;
