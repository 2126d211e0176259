/** What a session hands to the file that it is recorded in, about once a second. */
import { FragmentWriter } from "../mp4/fragment.ts";

/** The same access unit, `frames` times. */
export interface Silence {
  readonly data: Uint8Array;
  readonly frames: number;
}

/** Frames on their way to the disk: a fragment, and the silence that goes before it. */
export interface Batch {
  readonly fragment: FragmentWriter;
  /** It takes the same memory however long it is. */
  readonly silence: Silence | undefined;
}

/** The memory of fragments, which all recordings use again and again. */
export class FragmentPool {
  readonly #free: FragmentWriter[] = [];

  take(): FragmentWriter {
    return this.#free.pop() ?? new FragmentWriter();
  }

  /** Takes back a fragment that is empty, and that nobody uses any more. */
  recycle(fragment: FragmentWriter): void {
    if (this.#free.length < MAX_FREE) this.#free.push(fragment);
  }
}

const MAX_FREE = 256;
