/**
 * The wall time of segments, for `EXT-X-PROGRAM-DATE-TIME` (RFC 8216 4.3.2.6).
 *
 * @module
 */
import type { Clock } from "../session/clock.ts";
import { correction } from "../session/due_time.ts";

/**
 * What a playlist tells the wall time of its segments by. They are due on a clock that never jumps;
 * a box's clock that is set ahead is followed at once, one that is set back by a creep, so that what
 * is told never goes back.
 */
export class WallTime {
  readonly #clock: Pick<Clock, "now" | "monotonic">;
  /** `undefined` before a session's first segment. */
  #told: Told | undefined;
  /** As {@link endMs}. */
  #endMs: number | undefined;

  constructor(clock: Pick<Clock, "now" | "monotonic">) {
    this.#clock = clock;
  }

  /** Up to where wall time was told, in milliseconds since the epoch; `undefined` where none was. */
  get endMs(): number | undefined {
    return this.#endMs;
  }

  /** Another session's segments follow. */
  join(): void {
    this.#told = undefined;
  }

  /** All up to `endMs`, in milliseconds since the epoch, has been told by an earlier run. */
  resume(endMs: number): void {
    this.#endMs = endMs;
  }

  /**
   * The wall time of what lies in the segment at hand; it is not told by this.
   * @param dueMs when it is due, on {@link Clock.monotonic}
   * @returns milliseconds since the epoch
   */
  of(dueMs: number): number {
    const clockMs = this.#clock.now() - this.#clock.monotonic();
    return dueMs + (this.#told?.offsetMs ?? this.#firstOffset(clockMs, dueMs));
  }

  /**
   * Tells the wall time of the next segment.
   * @param dueMs when its first sample is due, on {@link Clock.monotonic}
   * @returns milliseconds since the epoch
   */
  tell(dueMs: number): number {
    const clockMs = this.#clock.now() - this.#clock.monotonic();
    const told = this.#told;
    const offsetMs = told === undefined
      ? this.#firstOffset(clockMs, dueMs)
      : told.offsetMs + correction(clockMs - told.offsetMs, dueMs - told.dueMs);
    this.#told = { offsetMs, dueMs };
    return dueMs + offsetMs;
  }

  /** The segment that was told of last is whole. */
  end(durationMs: number): void {
    if (this.#told === undefined) return;
    const { offsetMs, dueMs } = this.#told;
    this.#endMs = dueMs + offsetMs + durationMs;
  }

  /** Of a session's first segment: what was told before it does not come again. */
  #firstOffset(clockMs: number, dueMs: number): number {
    return this.#endMs === undefined ? clockMs : Math.max(clockMs, this.#endMs - dueMs);
  }
}

/** What was told of the last segment of a session. */
interface Told {
  /** Wall time minus {@link Clock.monotonic}. */
  readonly offsetMs: number;
  readonly dueMs: number;
}
