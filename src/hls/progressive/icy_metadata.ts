/**
 * Titles between the bytes of an endless stream, as SHOUTcast (ICY) has them: after every so many
 * bytes of audio stands a block that begins with its length.
 *
 * @module
 */
import type { LiveSource } from "../../http/live_body.ts";

/** So many bytes of audio stand between two blocks, at most. */
const MAX_INTERVAL = 16_000;
const INTERVAL_SECONDS = 0.3;
/**
 * A block tells what is heard so much later: more than an interval, and so much less than half a second
 * that what a title comes before its audio, in front of the server, has room in it.
 */
export const AHEAD_MS = 350;
/** … and at least: any frame of audio has less. */
const MIN_INTERVAL = 1000;
/** The length of a block is told in units of this. */
const UNIT_BYTES = 16;
const MAX_UNITS = 255;
const PREFIX = "StreamTitle='";
const SUFFIX = "';";

/**
 * How many bytes of audio stand between two blocks: so few that a block knows all titles up to the next
 * one by {@link AHEAD_MS}. So each title begins within half a second of its audio, also where silence
 * follows, of which many seconds have so many bytes, and where the bitrate varies and is half as much
 * for a while.
 */
export function icyInterval(bytesPerSecond: number): number {
  const bytes = Math.floor(bytesPerSecond * INTERVAL_SECONDS / 1000) * 1000;
  return Math.min(Math.max(bytes, MIN_INTERVAL), MAX_INTERVAL);
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
   * The block of the title that is heard {@link AHEAD_MS} beyond a byte; the same object for the same
   * title.
   * @param byte of those that {@link next} gives
   * @returns `undefined` where that is not known yet
   */
  blockAhead(byte: number): Uint8Array | undefined;
}

/** Audio with blocks in it, a copy for one client. */
interface Piece {
  /** What is left to send. */
  readonly bytes: Uint8Array;
  /** How much of it is audio, in all. */
  readonly audioBytes: number;
}

/** Puts the blocks into what one client is sent. */
export class IcySource implements LiveSource {
  readonly #audio: TitledSource;
  readonly #interval: number;
  /** Bytes of audio until the next block; behind {@link #piece}, where there is one. */
  #untilBlock: number;
  #piece: Piece | undefined;
  /** The last block that told a title. */
  #told: Uint8Array | undefined;

  constructor(audio: TitledSource, interval: number) {
    this.#audio = audio;
    this.#interval = interval;
    this.#untilBlock = interval;
  }

  next(): Uint8Array | undefined {
    const audio = this.#audio.next();
    if (audio === undefined || audio.length <= this.#untilBlock && this.#piece === undefined) {
      return audio;
    }
    this.#piece ??= this.#nextPiece(audio);
    return this.#piece?.bytes ?? audio.subarray(0, this.#untilBlock);
  }

  sent(bytes: number): void {
    if (this.#piece === undefined) {
      this.#untilBlock -= bytes;
      return this.#audio.sent(bytes);
    }
    const { bytes: left, audioBytes } = this.#piece;
    this.#piece = { bytes: left.subarray(bytes), audioBytes };
    if (bytes < left.length) return;
    this.#piece = undefined;
    this.#audio.sent(audioBytes);
  }

  onMore(tell: () => void): void {
    this.#audio.onMore(tell);
  }

  leave(): void {
    this.#audio.leave();
  }

  /**
   * In one piece with the audio around it a block costs no call of the system.
   * @returns `undefined` where the next block is not known yet, for which audio waits
   */
  #nextPiece(audio: Uint8Array): Piece | undefined {
    const parts: Uint8Array[] = [];
    let audioBytes = 0;
    let untilBlock = this.#untilBlock;
    while (audioBytes < audio.length) {
      if (untilBlock === 0) {
        const block = this.#blockAhead(audioBytes);
        if (block === undefined) break;
        parts.push(block);
        untilBlock = this.#interval;
      }
      const part = audio.subarray(audioBytes, audioBytes + untilBlock);
      parts.push(part);
      audioBytes += part.length;
      untilBlock -= part.length;
    }
    if (parts.length < 2) return undefined;
    this.#untilBlock = untilBlock;
    return { bytes: joined(parts), audioBytes };
  }

  #blockAhead(byte: number): Uint8Array | undefined {
    const block = this.#audio.blockAhead(byte);
    if (block === undefined || block === this.#told) return block && NO_NEWS;
    this.#told = block;
    return block;
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const encoder = new TextEncoder();
/** The title is what it was. */
const NO_NEWS = new Uint8Array(1);
