/** How fast real time is learned anew, in milliseconds a millisecond: faster than crystals differ. */
const SLEW = 0.001;

/** How far a source is ahead of real time, which begins when it does. All in milliseconds. */
export class Pace {
  #startMs: number | undefined;
  #sourceMs = 0;

  /** A new source. */
  restart(): void {
    this.#startMs = undefined;
  }

  /** The source has sent `sourceMs` of audio by `nowMs`, on a clock that never jumps. */
  arrived(sourceMs: number, nowMs: number): void {
    const startMs = nowMs - sourceMs;
    const slewMs = this.#startMs === undefined ? Infinity : (sourceMs - this.#sourceMs) * SLEW;
    this.#startMs ??= startMs;
    this.#startMs += Math.max(-slewMs, Math.min(slewMs, startMs - this.#startMs));
    this.#sourceMs = sourceMs;
  }

  /** How far it is ahead at `nowMs`; negative where it is behind. */
  aheadMs(nowMs: number): number {
    return this.#startMs === undefined ? 0 : this.#sourceMs - (nowMs - this.#startMs);
  }
}
