/** What a session hands to the file that it is recorded in, about once a second. */
import { FragmentWriter } from "../mp4/fragment.ts";

/** Fragments of silence, all alike. */
export interface Silence {
  /** A silent access unit. */
  readonly data: Uint8Array;
  readonly framesPerFragment: number;
  readonly fragments: number;
}

/** Frames on their way to the disk: a fragment, and the silence that goes before it. */
export interface Batch {
  readonly fragment: FragmentWriter;
  /** When the fragment's first frame is due, in milliseconds since the epoch. */
  readonly wallMs: number;
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
