/**
 * A session whose segments a stream takes, and by when players need the next of them.
 *
 * @module
 */
import type { CutSegment } from "./segmenter.ts";
import type { SegmentSource } from "./stream_options.ts";

/** From when a session joins a stream until it leaves. */
export class JoinedSession {
  readonly feeder: SegmentSource;
  readonly #targetMs: number;
  /** By when players need the open segment, on `Clock.awake`. */
  #dueAt: number;
  /** The same, where the newest segment was completed and the next one keeps its pace. */
  #pacedDueAt: number | undefined;

  /** @param now when it joins, on `Clock.awake` */
  constructor(feeder: SegmentSource, targetMs: number, now: number) {
    this.feeder = feeder;
    this.#targetMs = targetMs;
    this.#dueAt = this.#after(now);
  }

  /** Takes note of a segment that it has brought. */
  brought({ endsInWait, durationUs }: CutSegment): void {
    this.#pacedDueAt = endsInWait
      ? (this.#pacedDueAt ?? this.#dueAt) + durationUs / 1000
      : undefined;
  }

  /**
   * Has its next segment completed where it does not come. The first wait makes room for late audio;
   * segments that follow one that was completed keep its pace, or players would run dry.
   * @param versionAt when players were last shown something new
   * @param missingFrames what the segment lacks, asked once it is due
   */
  awaitNext(versionAt: number, missingFrames: () => number): void {
    // Where much came at once, that pace would be slower than players look for something new.
    this.#dueAt = Math.min(this.#pacedDueAt ?? Infinity, this.#after(versionAt));
    this.feeder.stateNeed({ at: this.#dueAt, frames: missingFrames });
  }

  /** It leaves with what is open, and needs nothing any more. */
  leave(): void {
    this.feeder.cut();
    this.feeder.stateNeed(undefined);
  }

  #after(versionAt: number): number {
    return versionAt + COMPLETE_CADENCE * this.#targetMs;
  }
}

/**
 * This many target durations after the last version, the open segment is completed with silence, so
 * that the next version is out at 1.4 of them.
 */
const COMPLETE_CADENCE = 1.25;
