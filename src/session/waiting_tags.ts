/**
 * Tags on their way to the frame from which on they count.
 *
 * @module
 */
import type { Tags } from "./tags.ts";

/** Where more wait, the oldest go: what comes after them counts instead. */
const MAX_WAITING = 16;

/** Tags that are further ahead of the audio than this have a timestamp of some other clock. */
const MAX_AHEAD_MS = 10_000;

interface Waiting {
  readonly tags: Tags;
  readonly timeMs: number | undefined;
}

/** Holds tags until the first frame comes that is not earlier than they are. */
export class WaitingTags {
  #waiting: Waiting[] = [];

  get any(): boolean {
    return this.#waiting.length > 0;
  }

  /** @param timeMs on the source's clock; `undefined`: they count from the next frame on */
  add(tags: Tags, timeMs: number | undefined): void {
    this.#waiting = [...this.#waiting, { tags, timeMs }].slice(-MAX_WAITING);
  }

  /**
   * Takes out what counts from a frame of the source time `frameMs` on.
   * @returns the last of them; `undefined` where there is none
   */
  takeDue(frameMs: number | undefined): Tags | undefined {
    let due: Tags | undefined;
    while (isDue(this.#waiting[0], frameMs)) due = this.#waiting.shift()?.tags;
    return due;
  }
}

function isDue(waiting: Waiting | undefined, frameMs: number | undefined): boolean {
  if (waiting === undefined) return false;
  if (waiting.timeMs === undefined || frameMs === undefined) return true;
  const aheadMs = waiting.timeMs - frameMs;
  return aheadMs <= 0 || aheadMs > MAX_AHEAD_MS;
}
