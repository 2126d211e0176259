/**
 * The last seconds of an endless stream, once for all who listen to it in this thread.
 *
 * @module
 */
import type { StreamChunk } from "./stream_writer.ts";
import { AHEAD_MS, icyBlock, type TitledSource } from "./icy_metadata.ts";

/** A chunk, where it stands in the stream, and the one behind it. */
interface Link {
  readonly bytes: Uint8Array;
  readonly startByte: number;
  readonly startMs: number;
  readonly endMs: number;
  next: Link | undefined;
}

/** What is heard from a byte on. */
interface Title {
  readonly at: number;
  readonly block: Uint8Array;
}

/**
 * Each chunk knows the next one, and each listener has a place in one of them. So what is kept is what
 * new listeners begin with, and what the slowest listener has not been sent.
 */
export class StreamRing {
  /** Where who comes now begins. */
  #burst: Link = { ...NO_LINK };
  #newest: Link = this.#burst;
  readonly #cursors = new Set<StreamCursor>();
  /** The oldest first; never empty. */
  #titles: readonly Title[] = [{ at: -Infinity, block: icyBlock("") }];
  #isOver = false;

  /** How many listen. */
  get listeners(): number {
    return this.#cursors.size;
  }

  /** Whether there is something to begin with. */
  get isFilled(): boolean {
    return this.#newest.endMs > 0;
  }

  /** How much a second of it is, by what is new. */
  get bytesPerSecond(): number {
    const { endMs } = this.#newest;
    const { startByte, startMs } = this.#burst;
    const seconds = (endMs - startMs) / 1000;
    return seconds === 0 ? 0 : (this.#endByte - startByte) / seconds;
  }

  /** How many bytes it keeps. */
  get size(): number {
    let start = this.#burst.startByte;
    for (const { keptFrom } of this.#cursors) start = Math.min(start, keptFrom);
    return this.#endByte - start;
  }

  /**
   * Takes the next chunk, and tells all who listen. Who is `maxBehindMs` behind is let go.
   */
  add({ bytes, durationMs, titles, isNew }: StreamChunk, maxBehindMs: number): void {
    const startByte = this.#endByte;
    const startMs = this.#newest.endMs;
    const link: Link = { bytes, startByte, startMs, endMs: startMs + durationMs, next: undefined };
    for (const { at, title } of titles) this.#addTitle(startByte + at, title);
    this.#newest.next = link;
    this.#newest = link;
    // Some players take no other sample rate than that of the first frame.
    if (isNew) this.#burst = link;
    while (link.endMs - (this.#burst.next?.startMs ?? Infinity) >= BURST_MS) {
      this.#burst = this.#burst.next ?? link;
    }
    for (const cursor of this.#cursors) {
      if (link.endMs - cursor.ms > maxBehindMs) cursor.leave();
      else cursor.tell();
    }
  }

  /** Who is told what comes from now on, and before that the last {@link BURST_MS}. */
  join(): StreamCursor {
    const cursor: StreamCursor = new StreamCursor(this.#burst, {
      isOver: () => this.#isOver,
      blockAt: (position) => this.#blockAt(position),
      onLeft: () => this.#cursors.delete(cursor),
    });
    this.#cursors.add(cursor);
    return cursor;
  }

  /** Nothing follows. Who listens gets what there is. */
  end(): void {
    this.#isOver = true;
    for (const cursor of this.#cursors) cursor.tell();
  }

  /**
   * After the end: who has not been sent all of it is offered that once more.
   * @param isLonger whether who still does not take it may stay
   */
  offerRest(isLonger: boolean): void {
    for (const cursor of this.#cursors) {
      cursor.tell();
      if (!isLonger) cursor.leave();
    }
  }

  get #endByte(): number {
    return this.#newest.startByte + this.#newest.bytes.length;
  }

  #addTitle(at: number, title: string): void {
    this.#titles = [...this.#titles, { at, block: icyBlock(title) }].slice(-MAX_TITLES);
  }

  #blockAt(position: number): Uint8Array | undefined {
    if (position >= this.#endByte && !this.#isOver) return undefined;
    return (this.#titles.findLast(({ at }) => at <= position) ?? this.#titles[0])?.block;
  }
}

interface CursorOptions {
  /** Whether no chunk follows. */
  readonly isOver: () => boolean;
  readonly blockAt: (position: number) => Uint8Array | undefined;
  readonly onLeft: () => void;
}

/** The place of one listener. */
export class StreamCursor implements TitledSource {
  readonly #options: CursorOptions;
  /** `undefined` once the listener has left. */
  #link: Link | undefined;
  /** How much of it is sent. */
  #sent = 0;
  #tell = () => {};

  /** Use {@link StreamRing.join}. */
  constructor(link: Link, options: CursorOptions) {
    this.#link = link;
    this.#options = options;
  }

  /** Where the listener is, in milliseconds, up to a chunk exact. */
  get ms(): number {
    return this.#link?.endMs ?? Infinity;
  }

  get position(): number {
    return this.keptFrom + this.#sent;
  }

  /** The first byte that is kept for the listener. */
  get keptFrom(): number {
    return this.#link?.startByte ?? Infinity;
  }

  blockAhead(byte: number): Uint8Array | undefined {
    return this.#options.blockAt(this.#farther(this.#sent + byte));
  }

  /**
   * Where it goes on {@link AHEAD_MS} behind a byte of the chunk at hand; `Infinity` where that has not
   * come.
   */
  #farther(byte: number): number {
    let link = this.#link;
    if (link === undefined) return Infinity;
    const atMs = link.startMs + playedMs(link, byte) + AHEAD_MS;
    while (link !== undefined && link.endMs <= atMs) link = link.next;
    if (link === undefined) return Infinity;
    const share = (atMs - link.startMs) / (link.endMs - link.startMs);
    return link.startByte + Math.floor(share * link.bytes.length);
  }

  next(): Uint8Array | undefined {
    for (;;) {
      const link = this.#link;
      if (link === undefined) return undefined;
      if (this.#sent < link.bytes.length) return link.bytes.subarray(this.#sent);
      if (link.next === undefined) {
        if (!this.#options.isOver()) return NOTHING;
        this.leave();
        return undefined;
      }
      this.#link = link.next;
      this.#sent = 0;
    }
  }

  sent(bytes: number): void {
    this.#sent += bytes;
  }

  onMore(tell: () => void): void {
    this.#tell = tell;
  }

  /** There may be something else. */
  tell(): void {
    this.#tell();
  }

  leave(): void {
    if (this.#link === undefined) return;
    this.#link = undefined;
    this.#options.onLeft();
    this.#tell();
  }
}

/** The playing time of the first `byte` bytes of a chunk. */
function playedMs({ startMs, endMs, bytes }: Link, byte: number): number {
  return bytes.length === 0 ? 0 : (endMs - startMs) * byte / bytes.length;
}

const NO_LINK: Link = {
  bytes: new Uint8Array(),
  startByte: 0,
  startMs: 0,
  endMs: 0,
  next: undefined,
};
const NOTHING = new Uint8Array();
/** What who comes is sent at once: receivers begin to play when they have a few seconds. */
const BURST_MS = 4000;
/** Two a second over more than the longest that anybody may be behind. */
const MAX_TITLES = 64;
