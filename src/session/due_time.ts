/** A new anchor this much later than the old reckoning is taken at once, in milliseconds. */
const ANCHOR_STEP_MS = 50;
/** A reckoning that is behind by more than this jumps; otherwise it creeps. */
const CORRECTION_STEP_MS = 250;
/** Creep a millisecond of stream: covers any crystal, and is never heard nor seen. */
const SLEW = 0.005;
/** How much stream shows what delay is usual: an encoder may well begin with a burst. */
const LEARNING_MS = 10_000;

/**
 * By how much a reckoning of time is moved, so that it never goes back.
 * @param errorMs how far it is behind what it should be
 * @param passedMs how much stream went by since it was moved last
 */
export function correction(errorMs: number, passedMs: number): number {
  if (errorMs > CORRECTION_STEP_MS) return errorMs;
  const limitMs = passedMs * SLEW;
  return Math.max(-limitMs, Math.min(limitMs, errorMs));
}

/**
 * When places on a timeline are due, on a clock that never jumps: when the first frame came plus the
 * samples since, corrected for drift. It jumps forward where the timeline stood still, and never goes
 * back.
 *
 * Offsets are the time minus the place, in milliseconds.
 */
export class DueTime {
  #offsetMs: number | undefined;
  #anchoredMs = 0;
  /** The offset of the least delayed frames while there was no drift yet. */
  #usualMs = 0;
  #learnUntilMs = 0;
  #correctedAtMs = 0;

  /** When the place `placeMs` is due. */
  at(placeMs: number): number {
    return placeMs + (this.#offsetMs ?? 0);
  }

  /** A frame that belongs at `placeMs` arrived at `nowMs`, the first of its source. */
  anchor(placeMs: number, nowMs: number): void {
    const offset = nowMs - placeMs;
    const old = this.#offsetMs;
    this.#anchoredMs = old === undefined || offset - old > ANCHOR_STEP_MS ? offset : old;
    this.#offsetMs = this.#anchoredMs;
    this.#learnUntilMs = placeMs + LEARNING_MS;
    this.#correctedAtMs = placeMs;
  }

  /** Takes note of the offset of the least delayed frames of late, and corrects the reckoning. */
  correct(offsetMs: number, placeMs: number): void {
    if (this.#offsetMs === undefined) return;
    if (placeMs <= this.#learnUntilMs) this.#usualMs = offsetMs;
    const error = this.#anchoredMs + offsetMs - this.#usualMs - this.#offsetMs;
    this.#offsetMs += correction(error, placeMs - this.#correctedAtMs);
    this.#correctedAtMs = placeMs;
  }
}
