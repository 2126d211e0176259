/**
 * Which number, which wall time and which mark of a discontinuity each segment of a stream has, in
 * whatever format.
 *
 * @module
 */
import type { Clock } from "../session/clock.ts";
import type { SegmentEntry } from "./playlist.ts";
import { WallTime } from "./wall_time.ts";
import type { NumberedSegment } from "./window.ts";

/** What is said of a segment when it begins. */
export type SegmentLabel = Pick<NumberedSegment, "sequence" | "discontinuity"> & {
  /**
   * Wall time of its first sample, in whole milliseconds since the epoch: playlists tell no more, and
   * a later run of the server reads it there.
   */
  readonly wallMs: number;
};

/** A segment as far as its label depends on it. */
export interface Unlabelled {
  readonly discontinuity: boolean;
  /** When its first sample is due, as `Frame.dueMs`. */
  readonly dueMs: number;
}

/** Labels a stream's segments, in order. */
export class SegmentLabels {
  readonly #wallTime: WallTime;
  #next: number;
  /** The number of a session's first segment, where that does not continue what is listed. */
  #joinsAt: number | undefined;
  /** Of the segment that has begun, where somebody had to know it then. */
  #open: SegmentLabel | undefined;

  /** @param next the first number */
  constructor(clock: Pick<Clock, "now" | "monotonic">, next: number) {
    this.#wallTime = new WallTime(clock);
    this.#next = next;
  }

  /** The number of the segment that comes next, or is open. */
  get next(): number {
    return this.#next;
  }

  /** Up to where wall time was told, in milliseconds since the epoch; 0 where none was. */
  get endsAtMs(): number {
    return Math.ceil(this.#wallTime.endMs ?? 0);
  }

  /** Nothing comes before `endsAtMs`, in milliseconds since the epoch: another box may have told it. */
  startAfter(endsAtMs: number): void {
    this.#wallTime.resume(endsAtMs);
  }

  /** Goes on under the number `next`, behind the `last` segment that an earlier run listed. */
  resume(next: number, last: SegmentEntry | undefined): void {
    this.#next = next;
    if (last?.wallMs !== undefined) this.#wallTime.resume(last.wallMs + last.durationUs / 1000);
  }

  /** Another session's segments follow. @param isFirst whether there is nothing before them */
  join(isFirst: boolean): void {
    this.#joinsAt = isFirst ? undefined : this.#next;
    this.#wallTime.join();
  }

  /** The wall time of what is due at `dueMs`, in milliseconds since the epoch, as {@link WallTime.of}. */
  wallMsOf(dueMs: number): number {
    return this.#wallTime.of(dueMs);
  }

  /** The number of a segment that is no session's. */
  takeNumber(): number {
    return this.#next++;
  }

  /** Takes up a whole segment, the next one, which an earlier run has labelled. */
  takeUp(
    { sequence, discontinuity, wallMs }: SegmentLabel,
    { durationUs }: Pick<SegmentEntry, "durationUs">,
  ): SegmentLabel {
    this.#next = sequence + 1;
    this.#wallTime.resume(wallMs + durationUs / 1000);
    return { sequence, discontinuity, wallMs };
  }

  /** Labels the segment that begins; the same until {@link take}. */
  begin({ discontinuity, dueMs }: Unlabelled): SegmentLabel {
    const sequence = this.#next;
    return this.#open ??= {
      sequence,
      discontinuity: discontinuity || sequence === this.#joinsAt,
      wallMs: Math.floor(this.#wallTime.tell(dueMs)),
    };
  }

  /** Labels a segment that is whole. */
  take(segment: Unlabelled & { readonly durationUs: number }): SegmentLabel {
    const label = this.begin(segment);
    this.#wallTime.end(segment.durationUs / 1000);
    this.#open = undefined;
    this.#next++;
    return label;
  }
}
