/**
 * Finds the frames of a self-synchronising stream, such as ADTS or LOAS, in which each frame begins
 * with a syncword and its length.
 */
import type { TagFound } from "./id3.ts";
import { StreamTail } from "./stream_tail.ts";

/** How the frames of a stream look. */
export interface FrameSyntax<Header extends { readonly frameBytes: number }> {
  readonly headerBytes: number;
  /** The most bytes that a frame has, header included. */
  readonly maxFrameBytes: number;
  /** The first byte of every header. */
  readonly syncByte: number;
  /** Reads the header at `at`; `undefined` where there is none, or not all of it. */
  parseHeader(bytes: Uint8Array, at: number): Header | undefined;
  /** Whether a header may begin at `at`, by as many of its bytes as there are. */
  mayBeHeader(bytes: Uint8Array, at: number): boolean;
  /** Whether both may stand in one stream whose configuration does not change. */
  alike(a: Header, b: Header): boolean;
  /** Looks for a tag at `at`. Left out where there are no tags between frames. */
  findTag?(bytes: Uint8Array, at: number): TagFound;
}

/** Takes what a {@link FrameScanner} finds, in the stream's order. */
export interface FrameHandler<Header> {
  /** A whole frame: its header is at `at`, which is at `offset` in the stream, in bytes. */
  frame(bytes: Uint8Array, at: number, header: Header, offset: number): void;
  /** A stretch of garbage begins. */
  garbage(): void;
}

/**
 * Finds frames in a stream that comes in pieces of any size, and finds them again after garbage.
 */
export class FrameScanner<Header extends { readonly frameBytes: number }> {
  readonly #syntax: FrameSyntax<Header>;
  readonly #handler: FrameHandler<Header>;
  readonly #tail: StreamTail;
  /** The header of the last frame; `undefined` where none came since the last garbage. */
  #last: Header | undefined;
  #inGarbage = false;
  /** A tag that claims to be longer is garbage. Before the first frame, any length is believed. */
  #maxTagBytes = Infinity;
  /** Bytes of a tag that are still to come. */
  #tagLeft = 0;

  constructor(syntax: FrameSyntax<Header>, handler: FrameHandler<Header>) {
    this.#syntax = syntax;
    this.#handler = handler;
    const capacity = syntax.maxFrameBytes + syntax.headerBytes + SPARE_BYTES;
    this.#tail = new StreamTail(capacity, (bytes, flushing) => this.#scan(bytes, flushing));
  }

  /** Takes the next bytes. A frame is handed on once the header behind it confirms it. */
  feed(bytes: Uint8Array): void {
    this.#tail.feed(bytes);
  }

  /**
   * To be called where nothing more comes for now: a whole frame is handed on, although no header
   * confirms it. The beginning of a frame is kept, as its rest may come.
   */
  flush(): void {
    this.#tail.flush();
  }

  /** Forgets the frame that has begun, as its rest is lost. */
  reset(): void {
    this.#tail.clear();
    this.#last = undefined;
    this.#tagLeft = 0;
  }

  /** @returns how many of `bytes` are done with; those left are fewer than a frame and a header */
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
        this.#skip(); // it only looked like a header, so the rest of its frame never comes
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

  /** @returns where the rest of the tag ends that `at` is in, or else the end of `bytes` */
  #passOverTag(bytes: Uint8Array, at: number): number {
    const passed = Math.min(this.#tagLeft, bytes.length - at);
    this.#tagLeft -= passed;
    return at + passed;
  }

  /**
   * Decides what is at `at`. Other bytes may look like a header, so it counts where it is like the
   * header before it or the one behind it. A change of configuration breaks one of these, not both.
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

  /** Whether a header may begin at `at` whose rest has not come yet. */
  #isCut(bytes: Uint8Array, at: number): boolean {
    return bytes.length - at < this.#syntax.headerBytes && this.#syntax.mayBeHeader(bytes, at);
  }

  /** Notes that there is garbage, and says so where it begins. */
  #skip(): void {
    if (!this.#inGarbage) this.#handler.garbage();
    this.#inGarbage = true;
    this.#last = undefined;
  }

  /**
   * Where the first frame from `from` on begins that the header behind it confirms; -1 for none.
   */
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

/** Room for more than that, so that several small pieces are joined before they are moved. */
const SPARE_BYTES = 512;

/** Far more than a picture has. A tag whose size is wrong costs no more audio than this. */
const MAX_TAG_BYTES_BETWEEN_FRAMES = 1 << 20;
