import { parseBoxHeader } from "./boxes.ts";
import { type FileSteps, MAX_STEP_BYTES, read } from "./file_steps.ts";
import { type Fragment, MAX_FRAGMENT_HEADER_BYTES, parseFragment } from "./fragment.ts";

/**
 * Reads a recording's fragments one after another, from the file itself. It passes over the movie
 * box that an earlier session ended with, and stops at what is no whole fragment.
 */
export class FragmentReader {
  #offset: number;
  #frames = 0;
  readonly #fileLength: number;
  #window: Uint8Array = new Uint8Array();
  #windowOffset = 0;

  /** @param offset where the first fragment begins */
  constructor(offset: number, fileLength: number) {
    this.#offset = offset;
    this.#fileLength = fileLength;
  }

  /** Where the last whole fragment ends. */
  get offset(): number {
    return this.#offset;
  }

  /** Frames of the fragments so far. */
  get frames(): number {
    return this.#frames;
  }

  /** The next whole fragment, valid until the one after it; {@link offset} is its end. */
  *next(): FileSteps<Fragment | undefined> {
    let start = this.#offset;
    let fragment = yield* this.#fragmentAt(start);
    if (fragment === undefined) {
      start = yield* this.#behindBoxAt(start);
      fragment = yield* this.#fragmentAt(start);
    }
    if (fragment === undefined) return undefined;
    this.#offset = start + fragment.totalBytes;
    this.#frames += fragment.frames;
    return fragment;
  }

  *#fragmentAt(offset: number): FileSteps<Fragment | undefined> {
    const fragment = parseFragment(yield* this.#bytesAt(offset), this.#frames);
    const whole = fragment !== undefined && offset + fragment.totalBytes <= this.#fileLength;
    return whole ? fragment : undefined;
  }

  /** @returns the offset behind whatever box is there, or the end of the file */
  *#behindBoxAt(offset: number): FileSteps<number> {
    const header = parseBoxHeader(yield* this.#bytesAt(offset));
    return Math.min(offset + (header?.size ?? Infinity), this.#fileLength);
  }

  /** Enough bytes for a fragment's headers, where the file has them. */
  *#bytesAt(offset: number): FileSteps<Uint8Array> {
    const end = Math.min(offset + MAX_FRAGMENT_HEADER_BYTES, this.#fileLength);
    if (offset < this.#windowOffset || end > this.#windowOffset + this.#window.length) {
      const length = Math.min(MAX_STEP_BYTES, this.#fileLength - offset);
      this.#window = length > 0 ? yield* read(offset, length) : new Uint8Array();
      this.#windowOffset = offset;
    }
    return this.#window.subarray(offset - this.#windowOffset);
  }
}
