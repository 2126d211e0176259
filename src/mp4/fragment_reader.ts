/** Finds the fragments of a recording in its file, damaged or not. */
import { BOX_HEADER_BYTES, fourCc, parseBoxHeader } from "./boxes.ts";
import { type FileSteps, MAX_STEP_BYTES, read } from "./file_steps.ts";
import { type Fragment, MAX_FRAGMENT_HEADER_BYTES, parseFragment } from "./fragment.ts";

/**
 * Reads a recording's fragments one after another. It passes over the movie box that an earlier
 * session ended with, and over damage: each whole fragment behind these is found.
 */
export class FragmentReader {
  #offset: number;
  #frames = 0;
  #damagedBytes = 0;
  readonly #fileLength: number;
  readonly #samplesPerFrame: number;
  readonly #windowBytes: number;
  #window: Uint8Array = new Uint8Array();
  #windowOffset = 0;

  /**
   * @param offset where the first fragment begins
   * @param windowBytes how much it reads at a time
   */
  constructor(
    offset: number,
    fileLength: number,
    samplesPerFrame: number,
    windowBytes: number = MAX_STEP_BYTES,
  ) {
    this.#offset = offset;
    this.#fileLength = fileLength;
    this.#samplesPerFrame = samplesPerFrame;
    this.#windowBytes = windowBytes;
  }

  /** Where the last whole fragment ends. */
  get offset(): number {
    return this.#offset;
  }

  /** Frames of the fragments so far. */
  get frames(): number {
    return this.#frames;
  }

  /** Bytes of damage between the fragments so far. */
  get damagedBytes(): number {
    return this.#damagedBytes;
  }

  /** The next whole fragment, if there is one; it is valid until the one after it is asked for. */
  *next(): FileSteps<Fragment | undefined> {
    let start = this.#offset;
    let fragment = yield* this.#fragmentAt(start);
    if (fragment === undefined) {
      start = yield* this.#behindBoxAt(start);
      fragment = yield* this.#fragmentAt(start);
    }
    if (fragment === undefined) {
      start = yield* this.#search(this.#offset);
      fragment = yield* this.#fragmentAt(start);
      if (fragment !== undefined) this.#damagedBytes += start - this.#offset;
    }
    if (fragment === undefined) return undefined;
    this.#offset = start + fragment.totalBytes;
    this.#frames += fragment.frames;
    return fragment;
  }

  *#fragmentAt(offset: number): FileSteps<Fragment | undefined> {
    const fragment = parseFragment(yield* this.#bytesAt(offset), this.#samplesPerFrame);
    const whole = fragment !== undefined && offset + fragment.totalBytes <= this.#fileLength;
    return whole ? fragment : undefined;
  }

  /** @returns where the box ends that is there, or the end of the file */
  *#behindBoxAt(offset: number): FileSteps<number> {
    const header = parseBoxHeader(yield* this.#bytesAt(offset));
    return Math.min(offset + (header?.size ?? Infinity), this.#fileLength);
  }

  /** @returns where the next whole fragment behind `offset` begins, or the end of the file */
  *#search(offset: number): FileSteps<number> {
    for (let at = offset + 1; at < this.#fileLength;) {
      const bytes = yield* this.#bytesAt(at);
      const found = indexOfMoof(bytes);
      if (found === undefined) {
        // A header may begin in the last bytes.
        at += Math.max(1, bytes.length - BOX_HEADER_BYTES + 1);
      } else {
        at += found;
        if ((yield* this.#fragmentAt(at)) !== undefined) return at;
        at++;
      }
    }
    return this.#fileLength;
  }

  /** The bytes from `offset` on: enough for a fragment's headers, if the file has as many. */
  *#bytesAt(offset: number): FileSteps<Uint8Array> {
    const end = Math.min(offset + MAX_FRAGMENT_HEADER_BYTES, this.#fileLength);
    if (offset < this.#windowOffset || end > this.#windowOffset + this.#window.length) {
      const length = Math.min(this.#windowBytes, this.#fileLength - offset);
      this.#window = length > 0 ? yield* read(offset, length) : new Uint8Array();
      this.#windowOffset = offset;
    }
    return this.#window.subarray(offset - this.#windowOffset);
  }
}

/** Takes a fragment's headers, and little of its audio: it is passed over. */
export const HEADERS_WINDOW_BYTES = 4096;

const MOOF = fourCc("moof");

/** Where a box of the type moof may begin; `undefined` where there is none. */
function indexOfMoof(bytes: Uint8Array): number | undefined {
  const [first = 0] = MOOF;
  for (let at = bytes.indexOf(first, 4); at >= 0; at = bytes.indexOf(first, at + 1)) {
    if (MOOF.every((byte, i) => bytes[at + i] === byte)) return at - 4;
  }
  return undefined;
}
