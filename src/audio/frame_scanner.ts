import type { TagFound } from "./id3.ts";
import { StreamTail } from "./stream_tail.ts";

/** How the frames of a self-synchronising stream look: ADTS, LOAS. */
export interface FrameSyntax<Header extends { readonly frameBytes: number }> {
  readonly headerBytes: number;
  /** Header included. */
  readonly maxFrameBytes: number;
  /** The first byte of every header. */
  readonly syncByte: number;
  /** Reads the header at `at`; `undefined` where none stands there, or not the whole of it. */
  parseHeader(bytes: Uint8Array, at: number): Header | undefined;
  /** Whether a header may begin at `at`, as far as there are bytes. */
  mayBeHeader(bytes: Uint8Array, at: number): boolean;
  /** Whether one stream, unchanged, may have both. */
  alike(a: Header, b: Header): boolean;
  /** Looks at `at` for a tag, which may stand between frames; `undefined` where there are none. */
  findTag?(bytes: Uint8Array, at: number): TagFound;
}

/** Where frames go. */
export interface FrameHandler<Header> {
  /** The whole frame whose header is at `at`, `offset` bytes behind the start of the stream. */
  frame(bytes: Uint8Array, at: number, header: Header, offset: number): void;
  /** The start of a stretch of garbage. */
  garbage(): void;
}

/** Finds frames in a stream that comes in pieces of any size, and finds them again after garbage. */
export class FrameScanner<Header extends { readonly frameBytes: number }> {
  readonly #syntax: FrameSyntax<Header>;
  readonly #handler: FrameHandler<Header>;
  readonly #tail: StreamTail;
  /** The header of the frame before; `undefined` where garbage came after it. */
  #last: Header | undefined;
  #inGarbage = false;
  /** How long a tag may be. Behind the first frame, one that claims more is garbage. */
  #maxTagBytes = Infinity;
  /** Bytes of a tag that are still to come. */
  #tagLeft = 0;

  constructor(syntax: FrameSyntax<Header>, handler: FrameHandler<Header>) {
    this.#syntax = syntax;
    this.#handler = handler;
    const capacity = syntax.maxFrameBytes + syntax.headerBytes + SPARE_BYTES;
    this.#tail = new StreamTail(capacity, (bytes, flushing) => this.#scan(bytes, flushing));
  }

  /** Takes the next bytes. A frame is handed on once the header that follows confirms it. */
  feed(bytes: Uint8Array): void {
    this.#tail.feed(bytes);
  }

  /**
   * Says that nothing more comes for now: a frame that is whole is handed on although no header
   * confirms it. The beginning of a frame is kept for its rest.
   */
  flush(): void {
    this.#tail.flush();
  }

  /** Forgets a frame that has begun: its rest is lost. */
  reset(): void {
    this.#tail.clear();
    this.#last = undefined;
    this.#tagLeft = 0;
  }

  /** @returns how many of `bytes` are done with; less than a frame and a header are left */
  #scan(bytes: Uint8Array, flushing: boolean): number {
    let at = this.#passOverTag(bytes, 0);
    while (at < bytes.length) {
      const tag = this.#inGarbage ? undefined : this.#syntax.findTag?.(bytes, at);
      if (tag === "cut") break;
      if (tag !== undefined && tag.bytes <= this.#maxTagBytes) {
        this.#tagLeft = tag.bytes;
        at = this.#passOverTag(bytes, at);
        continue;
      }
      const header = this.#syntax.parseHeader(bytes, at);
      const verdict = this.#judge(bytes, at, header, flushing);
      if (verdict === "incomplete") {
        const better = this.#last === undefined ? this.#confirmedFrame(bytes, at + 1) : -1;
        if (better < 0) break;
        this.#skip(); // it only looked like a header: do not wait for the rest of its frame
        at = better;
      } else if (verdict === "frame" && header !== undefined) {
        this.#inGarbage = false;
        this.#last = header;
        this.#maxTagBytes = MAX_TAG_BYTES_BETWEEN_FRAMES;
        this.#handler.frame(bytes, at, header, this.#tail.base + at);
        at += header.frameBytes;
      } else {
        this.#skip();
        const sync = bytes.indexOf(this.#syntax.syncByte, at + 1);
        at = sync < 0 ? bytes.length : sync;
      }
    }
    return at;
  }

  /** @returns where the tag that `at` is in ends, as far as there are bytes */
  #passOverTag(bytes: Uint8Array, at: number): number {
    const passed = Math.min(this.#tagLeft, bytes.length - at);
    this.#tagLeft -= passed;
    return at + passed;
  }

  /**
   * What stands at `at`. A header like the one before may be followed by any, as the configuration
   * may change; another must be followed by one like itself, or it only happens to look like one.
   */
  #judge(
    bytes: Uint8Array,
    at: number,
    header: Header | undefined,
    flushing: boolean,
  ): "frame" | "garbage" | "incomplete" {
    if (header === undefined) return this.#isCut(bytes, at) ? "incomplete" : "garbage";
    const end = at + header.frameBytes;
    if (end > bytes.length) return "incomplete";
    const next = this.#syntax.parseHeader(bytes, end);
    if (next === undefined) {
      const tag = this.#syntax.findTag?.(bytes, end);
      if (tag !== undefined && tag !== "cut") return "frame";
      if (tag === undefined && !this.#isCut(bytes, end)) return "garbage";
      return flushing ? "frame" : "incomplete";
    }
    const inStep = this.#last !== undefined && this.#syntax.alike(header, this.#last);
    return inStep || this.#syntax.alike(header, next) ? "frame" : "garbage";
  }

  /** Whether what stands at `at` is too short for a header but may become one. */
  #isCut(bytes: Uint8Array, at: number): boolean {
    return bytes.length - at < this.#syntax.headerBytes && this.#syntax.mayBeHeader(bytes, at);
  }

  /** Notes that what follows the frame before is garbage. */
  #skip(): void {
    if (!this.#inGarbage) this.#handler.garbage();
    this.#inGarbage = true;
    this.#last = undefined;
  }

  /** Where the first frame from `from` on begins that a header behind it confirms; -1 without one. */
  #confirmedFrame(bytes: Uint8Array, from: number): number {
    const { syncByte } = this.#syntax;
    for (let at = bytes.indexOf(syncByte, from); at >= 0; at = bytes.indexOf(syncByte, at + 1)) {
      const header = this.#syntax.parseHeader(bytes, at);
      if (header === undefined) continue;
      const next = this.#syntax.parseHeader(bytes, at + header.frameBytes);
      if (next !== undefined && this.#syntax.alike(header, next)) return at;
    }
    return -1;
  }
}

/** Lets small pieces be joined a few at a time. */
const SPARE_BYTES = 512;

/** A tag whose size is wrong costs no more than this. A picture has some 500 kB at most. */
const MAX_TAG_BYTES_BETWEEN_FRAMES = 1 << 20;
