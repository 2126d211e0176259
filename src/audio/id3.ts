/**
 * ID3v2 tags (ID3 tag version 2.4.0, main structure, 3.1), which files of AAC and MP3 begin with.
 *
 * @module
 */

/**
 * What is found where a tag may begin: how many bytes the tag has, header and footer included;
 * `cut` where its header has not come whole; `undefined` where there is no tag.
 */
export type TagFound = { readonly bytes: number } | "cut" | undefined;

/** What each tag begins with. */
export const ID3_HEADER_BYTES = 10;

/** Looks for a tag at `at`. It may claim to have up to 256 MB. */
export function findId3Tag(bytes: Uint8Array, at: number): TagFound {
  for (let i = 0; i < ID3_HEADER_BYTES; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) return i === 0 ? undefined : "cut";
    if (i < 3 ? byte !== IDENTIFIER[i] : i < 5 ? byte === 0xff : i > 5 && byte >= 0x80) {
      return undefined;
    }
  }
  let size = 0;
  for (let i = 6; i < ID3_HEADER_BYTES; i++) size = size << 7 | (bytes[at + i] ?? 0);
  const footer = ((bytes[at + 5] ?? 0) & FOOTER_PRESENT) === 0 ? 0 : FOOTER_BYTES;
  return { bytes: ID3_HEADER_BYTES + size + footer };
}

/**
 * Leaves out the tags at the beginning of a stream that comes in pieces of any size. It holds
 * nothing of a tag but the beginning of its header.
 */
export class Id3Skipper {
  /** Bytes of a tag that are still to come. */
  #left = 0;
  /** The beginning of a header, which the last piece ended with. */
  #held = NOTHING;
  #seen = false;
  #done = false;

  /** Whether a tag has come. */
  get seen(): boolean {
    return this.#seen;
  }

  /** Takes the stream's next piece. @returns what of it is behind all tags */
  strip(piece: Uint8Array): Uint8Array {
    if (this.#done) return piece;
    const bytes = this.#withHeld(piece);
    let at = 0;
    for (;;) {
      const passed = Math.min(this.#left, bytes.length - at);
      this.#left -= passed;
      at += passed;
      if (at === bytes.length) return NOTHING;
      const tag = findId3Tag(bytes, at);
      if (tag === undefined) {
        this.#done = true;
        return bytes.subarray(at);
      }
      if (tag === "cut") {
        this.#held = bytes.slice(at);
        return NOTHING;
      }
      this.#seen = true;
      this.#left = tag.bytes;
    }
  }

  #withHeld(piece: Uint8Array): Uint8Array {
    if (this.#held.length === 0) return piece;
    const joined = new Uint8Array(this.#held.length + piece.length);
    joined.set(this.#held);
    joined.set(piece, this.#held.length);
    this.#held = NOTHING;
    return joined;
  }
}

const IDENTIFIER = [0x49, 0x44, 0x33]; // "ID3"
const FOOTER_PRESENT = 0x10;
const FOOTER_BYTES = 10;
const NOTHING = new Uint8Array(0);
