/**
 * Titles between the bytes of an endless stream, as SHOUTcast (ICY) has them: after every so many
 * bytes of audio stands a block that begins with its length.
 *
 * @module
 */
import type { LiveSource } from "../../http/live_body.ts";

/** So many bytes of audio stand between two blocks, at most. */
const MAX_INTERVAL = 16_000;
/** … and at least: any frame of audio has less. */
const MIN_INTERVAL = 1000;
/** The length of a block is told in units of this. */
const UNIT_BYTES = 16;
const MAX_UNITS = 255;
const PREFIX = "StreamTitle='";
const SUFFIX = "';";

/**
 * How many bytes of audio stand between two blocks: a second of it at most, so that each title begins
 * within half a second of its audio.
 */
export function icyInterval(bytesPerSecond: number): number {
  const second = Math.floor(bytesPerSecond / 1000) * 1000;
  return Math.min(Math.max(second, MIN_INTERVAL), MAX_INTERVAL);
}

/**
 * The block that tells a title, in UTF-8: 255 × 16 bytes of it at most, cut between characters. Readers
 * take the first `';` for the end of the title, so that it has none.
 */
export function icyBlock(title: string): Uint8Array {
  const room = MAX_UNITS * UNIT_BYTES;
  const text = new Uint8Array(room);
  let end = encoder.encodeInto(PREFIX, text).written;
  // It writes whole characters alone.
  const titleRoom = text.subarray(end, room - SUFFIX.length);
  end += encoder.encodeInto(title.replaceAll(SUFFIX, "\u2019;"), titleRoom).written;
  end += encoder.encodeInto(SUFFIX, text.subarray(end)).written;
  const units = Math.ceil(end / UNIT_BYTES);
  const block = new Uint8Array(1 + units * UNIT_BYTES);
  block[0] = units;
  block.set(text.subarray(0, end), 1);
  return block;
}

/** The audio that goes between the blocks, and the titles of it. */
export interface TitledSource extends LiveSource {
  /**
   * The block of the title that is heard so many bytes beyond where the client is, or half a second,
   * where that is nearer; the same object for the same title.
   * @returns `undefined` where that is not known yet
   */
  blockAhead(bytes: number): Uint8Array | undefined;
}

/** Puts the blocks into what one client is sent. */
export class IcySource implements LiveSource {
  readonly #audio: TitledSource;
  readonly #interval: number;
  /** Bytes of audio until the next block. */
  #untilBlock: number;
  /** What is left to send of a block that has begun. */
  #block: Uint8Array | undefined;
  /** The last one that told a title. */
  #told: Uint8Array | undefined;

  constructor(audio: TitledSource, interval: number) {
    this.#audio = audio;
    this.#interval = interval;
    this.#untilBlock = interval;
  }

  next(): Uint8Array | undefined {
    const audio = this.#audio.next();
    if (audio === undefined || this.#untilBlock > 0) return audio?.subarray(0, this.#untilBlock);
    this.#block ??= this.#nextBlock();
    return this.#block ?? NOTHING;
  }

  sent(bytes: number): void {
    const block = this.#block;
    if (block === undefined) {
      this.#untilBlock -= bytes;
      return this.#audio.sent(bytes);
    }
    this.#block = bytes < block.length ? block.subarray(bytes) : undefined;
    if (this.#block === undefined) this.#untilBlock = this.#interval;
  }

  onMore(tell: () => void): void {
    this.#audio.onMore(tell);
  }

  leave(): void {
    this.#audio.leave();
  }

  /**
   * It stands in the middle of what it may tell the title of, so that it is as near to the title's
   * first frame as any block. So audio waits here for half an interval, which is half a second at most:
   * silence has few bytes.
   */
  #nextBlock(): Uint8Array | undefined {
    const block = this.#audio.blockAhead(this.#interval / 2);
    if (block === undefined || block === this.#told) return block && NO_NEWS;
    this.#told = block;
    return block;
  }
}

const encoder = new TextEncoder();
const NOTHING = new Uint8Array();
/** The title is what it was. */
const NO_NEWS = new Uint8Array(1);
