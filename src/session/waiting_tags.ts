/**
 * Tags on their way to the frame from which on they count.
 *
 * @module
 */
import { type PlacedTags, sameTags, type Tags } from "./tags.ts";

/** Where more wait, the oldest go: what comes after them counts instead. */
const MAX_WAITING = 16;

/** Tags that are further ahead of the audio than this have a timestamp of some other clock. */
const MAX_AHEAD_MS = 10_000;

/** So long each tags count at least. Others that are due meanwhile wait, and the last of them counts. */
const MIN_GAP_MS = 500;

interface Waiting {
  readonly tags: Tags;
  /** Who tells them: the connection at hand, or somebody who goes by what is heard at the moment. */
  readonly from: "encoder" | "control";
  readonly timeMs: number | undefined;
}

/** Holds a session's tags until the first frame comes that is not earlier than they are. */
export class WaitingTags {
  #waiting: Waiting[] = [];
  /** What an encoder has told last: many repeat it, and all do when they connect again. */
  #repeated: Tags | undefined;
  #placed: PlacedTags | undefined;

  /** Whether some wait. */
  get any(): boolean {
    return this.#waiting.length > 0;
  }

  /** Those that count now; `undefined` where none have come. */
  get placed(): PlacedTags | undefined {
    return this.#placed;
  }

  /**
   * Takes tags of the encoder.
   * @param timeMs on the source's clock; `undefined`: they count from the next frame on
   */
  add(tags: Tags, timeMs: number | undefined): void {
    if (this.#repeated !== undefined && sameTags(this.#repeated, tags)) return;
    this.#repeated = tags;
    this.#wait({ tags, from: "encoder", timeMs });
  }

  /** Takes tags that count from the next frame on, whoever sends it, also where it is silence. */
  set(tags: Tags): void {
    this.#wait({ tags, from: "control", timeMs: undefined });
  }

  /** Another connection sends, on a clock of its own: what waits of the one before is forgotten. */
  restart(): void {
    if (this.#waiting.some(isOfEncoder)) this.#repeated = undefined;
    this.#waiting = this.#waiting.filter((waiting) => !isOfEncoder(waiting));
  }

  /** The broadcast is over: nothing that waits counts any more. */
  end(): void {
    this.#waiting = [];
  }

  /**
   * Gives those that count from the next frame on their place.
   * @param frameMs its source time, `undefined` where it has none; or that it is silence
   * @returns `undefined` where nothing changes with this frame
   */
  place(
    frameMs: number | undefined | "silence",
    { position, dueMs }: Pick<PlacedTags, "position" | "dueMs">,
  ): PlacedTags | undefined {
    const before = this.#placed;
    if (before !== undefined && dueMs - before.dueMs < MIN_GAP_MS) return undefined;
    const due = this.#waiting.filter((waiting) => isDue(waiting, frameMs));
    const tags = due.at(-1)?.tags;
    if (tags === undefined) return undefined;
    this.#waiting = this.#waiting.filter((waiting) => !due.includes(waiting));
    if (sameTags(tags, before ?? UNKNOWN)) return undefined;
    return this.#placed = { ...tags, position, dueMs };
  }

  #wait(waiting: Waiting): void {
    this.#waiting = [...this.#waiting, waiting].slice(-MAX_WAITING);
  }
}

/** As long as nobody has told any. */
const UNKNOWN: Tags = { title: undefined, artist: undefined };

function isOfEncoder({ from }: Waiting): boolean {
  return from === "encoder";
}

function isDue({ from, timeMs }: Waiting, frameMs: number | undefined | "silence"): boolean {
  if (frameMs === "silence") return from === "control";
  if (timeMs === undefined || frameMs === undefined) return true;
  const aheadMs = timeMs - frameMs;
  return aheadMs <= 0 || aheadMs > MAX_AHEAD_MS;
}
