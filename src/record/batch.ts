import { FragmentWriter } from "../mp4/fragment.ts";

/** So many times the same access unit. */
export interface Silence {
  readonly data: Uint8Array;
  readonly frames: number;
}

/** Frames on their way to the disk: a fragment, and the silence that goes before it. */
export interface Batch {
  readonly fragment: FragmentWriter;
  /** However much it is, it takes no memory. */
  readonly silence: Silence | undefined;
}

const MAX_FREE = 256;

/** Fragments' memory, used again by all recordings. */
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
