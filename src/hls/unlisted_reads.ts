/**
 * Bounds what is read of other boxes though no playlist lists it: who has an old playlist asks for it,
 * and so does whoever makes names up.
 *
 * @module
 */
import type { Clock } from "../session/clock.ts";
import { SegmentUnavailable } from "./origin.ts";

/** Reads a few at a time, and none for a while where too many were not there. */
export class UnlistedReads {
  readonly #clock: Pick<Clock, "awake">;
  #underWay = 0;
  /** Reads that found nothing, since {@link #countedSince} on `Clock.awake`. */
  #misses = 0;
  #countedSince = -Infinity;

  constructor(clock: Pick<Clock, "awake">) {
    this.#clock = clock;
  }

  /** @throws {SegmentUnavailable} also where it may not be read now */
  async read<T>(read: () => Promise<T | undefined>): Promise<T | undefined> {
    const now = this.#clock.awake();
    if (now - this.#countedSince >= SECOND_MS) {
      this.#countedSince = now;
      this.#misses = 0;
    }
    if (this.#underWay + this.#misses >= MAX_MISSES || this.#underWay >= MAX_UNDER_WAY) {
      throw new SegmentUnavailable(
        "Cannot ask now for what is not listed: too much of it is wanted",
      );
    }
    this.#underWay++;
    try {
      const found = await read();
      if (found === undefined) this.#misses++;
      return found;
    } finally {
      this.#underWay--;
    }
  }
}

const SECOND_MS = 1000;
/** Reads at a time … */
const MAX_UNDER_WAY = 32;
/** … and in a second, of those that find nothing. */
const MAX_MISSES = 100;
