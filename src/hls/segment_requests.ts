/**
 * What a replica asks for of segments that are in memory alone: little at a time, and not often,
 * whatever its clients ask for.
 *
 * @module
 */
import type { Clock, Timer } from "../session/clock.ts";
import { SegmentUnavailable } from "./origin.ts";
import type { SegmentSent, SegmentWanted } from "./replica_messages.ts";

type Bytes = Uint8Array<ArrayBuffer> | undefined;

/** Segments that are asked for, or are to be. */
export class SegmentRequests {
  readonly #clock: Pick<Clock, "after">;
  readonly #ask: (wanted: readonly SegmentWanted[]) => void;
  /** Not asked for yet, the oldest first. */
  #waiting: WaitingSegment[] = [];
  /** In the order in which they are answered. */
  #asked: readonly WaitingSegment[] = [];
  /** Runs while nothing may be asked for. */
  #pause: Timer | undefined;

  /** @param ask asks for segments; {@link take} gets the answer */
  constructor(
    clock: Pick<Clock, "after">,
    ask: (wanted: readonly SegmentWanted[]) => void,
  ) {
    this.#clock = clock;
    this.#ask = ask;
  }

  /**
   * Asks for a segment.
   * @returns its bytes; `undefined` where they are not in memory any more
   * @throws {SegmentUnavailable} where too much is asked for
   */
  want(wanted: SegmentWanted): Promise<Bytes> {
    if (this.#waiting.length >= MAX_WAITING) {
      throw new SegmentUnavailable(
        `Cannot ask for ${wanted.file} now: too many segments are wanted`,
      );
    }
    const { promise, resolve } = Promise.withResolvers<Bytes>();
    this.#waiting.push({ wanted, resolve });
    this.#next();
    return promise;
  }

  /** The answer, in the order in which they were asked for. */
  take(segments: readonly SegmentSent[]): void {
    const asked = this.#asked;
    this.#asked = [];
    for (const [i, { resolve }] of asked.entries()) resolve(segments[i]?.bytes);
    this.#next();
  }

  /** Answers nothing any more. */
  close(): void {
    this.#pause?.cancel();
    for (const { resolve } of [...this.#waiting, ...this.#asked]) resolve(undefined);
    this.#waiting = [];
    this.#asked = [];
  }

  #next(): void {
    if (this.#pause !== undefined || this.#asked.length > 0 || this.#waiting.length === 0) return;
    const next = this.#asked = this.#waiting.splice(0, MAX_ASKED);
    this.#pause = this.#clock.after(PAUSE_MS, () => {
      this.#pause = undefined;
      this.#next();
    });
    this.#ask(next.map(({ wanted }) => wanted));
  }
}

interface WaitingSegment {
  readonly wanted: SegmentWanted;
  readonly resolve: (bytes: Bytes) => void;
}

/** Segments that are asked for at a time. */
const MAX_ASKED = 16;
/** Nothing is asked for so long after the last time. */
const PAUSE_MS = 50;
/** Beyond it, clients are told to come again. */
const MAX_WAITING = 256;
