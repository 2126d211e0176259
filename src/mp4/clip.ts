/**
 * A clip: a part of a recording as a plain MP4 of its own. Its media data is a range of the
 * recording's bytes as they are, so the headers of fragments are in it, which nothing refers to.
 *
 * @module
 */
import { type Box, boxParts, boxSize, type Room, room, setUint64, viewOf } from "./boxes.ts";
import { type FileSteps } from "./file_steps.ts";
import type { Fragment } from "./fragment.ts";
import { FragmentReader } from "./fragment_reader.ts";
import {
  encodeMediaHeader,
  FILE_TYPE,
  MEDIA_HEADER_BYTES,
  type Movie,
  movieBox,
  type SampleTables,
  STSC_ENTRY_BYTES,
} from "./movie.ts";
import { readFileHeader } from "./recording.ts";

/** Which part of a recording: seconds from its start. */
export interface ClipTimes {
  readonly from: number;
  /** `Infinity`: up to its end. */
  readonly to: number;
}

/** A clip of a recording. */
export interface Clip {
  /** What comes before the media data. */
  readonly head: Uint8Array<ArrayBuffer>;
  /** The media data: bytes `start` up to, not including, `end` of the recording. */
  readonly start: number;
  readonly end: number;
  /** Frames of the recording before it. */
  readonly firstFrame: number;
  readonly frames: number;
}

/** The most frames of a clip: six hours of them at 48 kHz. Four bytes of each are in memory. */
export const MAX_CLIP_FRAMES = 2 ** 20;

/**
 * Makes a clip of a recording, live or finished: of those frames that begin within the times.
 * @returns `undefined` where there are none
 * @throws {Mp4Error} where the file is not Echo's
 * @throws {RangeError} where there are too many
 */
export function* makeClip(
  fileLength: number,
  { from, to }: ClipTimes,
): FileSteps<Clip | undefined> {
  const { movie, end } = yield* readFileHeader(fileLength);
  const first = frameAt(from, movie);
  const found = new FoundFrames(first, frameAt(to, movie));
  const reader = new FragmentReader(end, fileLength, movie.samplesPerFrame);
  while (reader.frames < found.endFrame) {
    const before = reader.frames;
    const fragment = yield* reader.next();
    if (fragment === undefined) break;
    found.add(fragment, before, reader.offset - fragment.totalBytes);
  }
  if (found.frames === 0) return undefined;
  const startTime = movie.startTime + first * movie.samplesPerFrame * 1000 / movie.sampleRate;
  const { start, end: dataEnd, frames } = found;
  return {
    head: headOf({ ...movie, startTime }, found),
    ...{ start, end: dataEnd, firstFrame: first, frames },
  };
}

/** The first frame that begins at a time or after it. */
function frameAt(seconds: number, { sampleRate, samplesPerFrame }: Movie): number {
  return Math.ceil(seconds * sampleRate / samplesPerFrame - ROUNDING);
}

/** A chunk of the clip: what it has of a fragment. */
interface Chunk {
  /** Where it is in the recording. */
  readonly offset: number;
  readonly frames: number;
}

/** The frames of a clip, as they are found. */
class FoundFrames {
  readonly endFrame: number;
  readonly #firstFrame: number;
  readonly #chunks: Chunk[] = [];
  readonly #sizes: Uint8Array[] = [];
  #frames = 0;
  #end = 0;

  constructor(firstFrame: number, endFrame: number) {
    this.#firstFrame = firstFrame;
    this.endFrame = endFrame;
  }

  get chunks(): readonly Chunk[] {
    return this.#chunks;
  }

  /** Entries of stsz. */
  get sizes(): readonly Uint8Array[] {
    return this.#sizes;
  }

  get frames(): number {
    return this.#frames;
  }

  /** Where the first one begins in the recording. */
  get start(): number {
    return this.#chunks[0]?.offset ?? 0;
  }

  /** Where the last one ends in the recording. */
  get end(): number {
    return this.#end;
  }

  /** @throws {RangeError} where there are too many */
  add({ frames, sizes, headerBytes }: Fragment, before: number, offset: number): void {
    const from = Math.max(0, this.#firstFrame - before);
    const to = Math.min(frames, this.endFrame - before);
    if (from >= to) return;
    this.#frames += to - from;
    if (this.#frames > MAX_CLIP_FRAMES) {
      throw new RangeError(`Cannot make a clip: it has more than ${MAX_CLIP_FRAMES} frames`);
    }
    const start = offset + headerBytes + bytesOf(sizes, 0, from);
    this.#chunks.push({ offset: start, frames: to - from });
    this.#sizes.push(sizes.slice(4 * from, 4 * to));
    this.#end = start + bytesOf(sizes, from, to);
  }
}

/** Bytes of the frames `from` up to `to`. */
function bytesOf(sizes: Uint8Array, from: number, to: number): number {
  const view = viewOf(sizes);
  let bytes = 0;
  for (let i = from; i < to; i++) bytes += view.getUint32(4 * i);
  return bytes;
}

/** ftyp, moov, and the header of mdat. */
function headOf(
  movie: Movie,
  { chunks, sizes, frames, start, end }: FoundFrames,
): Uint8Array<ArrayBuffer> {
  const runs = runsOf(chunks);
  const largeOffsets = end - start > 0xffffffff - MAX_HEAD_BYTES;
  const tables: SampleTables = {
    samples: frames,
    sampleToChunk: room(STSC_ENTRY_BYTES * runs.length),
    sampleSizes: room(4 * frames),
    chunkOffsets: room((largeOffsets ? 8 : 4) * chunks.length),
    largeOffsets,
  };
  const box = movieBox(movie, tables);
  const head = new Uint8Array(boxSize(FILE_TYPE) + boxSize(box) + MEDIA_HEADER_BYTES);
  const rooms = writeBoxes(head, FILE_TYPE, box);
  const roomOf = (room: Room) => rooms.get(room) ?? head.subarray(0, 0);
  writeNumbers(roomOf(tables.sampleToChunk), 4, runs.flat());
  writeNumbers(
    roomOf(tables.chunkOffsets),
    largeOffsets ? 8 : 4,
    chunks.map(({ offset }) => head.length + offset - start),
  );
  writeAll(roomOf(tables.sampleSizes), sizes);
  head.set(
    encodeMediaHeader(MEDIA_HEADER_BYTES + end - start),
    head.length - MEDIA_HEADER_BYTES,
  );
  return head;
}

/** Entries of stsc (ISO/IEC 14496-12 8.7.4): where chunks have another number of frames. */
function runsOf(chunks: readonly Chunk[]): number[][] {
  return chunks.flatMap(({ frames }, i) =>
    frames === chunks[i - 1]?.frames ? [] : [[i + 1, frames, 1]]
  );
}

/** Writes boxes, except for the rooms in them. @returns where these are */
function writeBoxes(to: Uint8Array, ...boxes: Box[]): Map<Room, Uint8Array> {
  const rooms = new Map<Room, Uint8Array>();
  let at = 0;
  for (const part of boxes.flatMap((box) => [...boxParts(box)])) {
    if ("room" in part) rooms.set(part, to.subarray(at, at + part.length));
    else to.set(part, at);
    at += part.length;
  }
  return rooms;
}

/** Writes numbers of so many bytes each. */
function writeNumbers(to: Uint8Array, bytes: 4 | 8, numbers: readonly number[]): void {
  const view = viewOf(to);
  for (const [i, number] of numbers.entries()) {
    if (bytes === 8) setUint64(view, 8 * i, number);
    else view.setUint32(4 * i, number);
  }
}

function writeAll(to: Uint8Array, parts: readonly Uint8Array[]): void {
  let at = 0;
  for (const part of parts) {
    to.set(part, at);
    at += part.length;
  }
}

/** What times in decimals are rounded by, in frames at most. */
const ROUNDING = 1e-6;
/** Far more than a head has. */
const MAX_HEAD_BYTES = 2 ** 30;
