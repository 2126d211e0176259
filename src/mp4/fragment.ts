/**
 * Movie fragments with their media data: moof and mdat (ISO/IEC 14496-12 8.8.4 to 8.8.12, 8.1.1).
 * Every moof of Echo's has the same boxes, so it is a template in which a few fields differ.
 */
import {
  box,
  BOX_HEADER_BYTES,
  encodeBoxes,
  fourCc,
  fullBox,
  getUint64,
  setUint64,
  u32,
  u64,
  viewOf,
} from "./boxes.ts";
import { TRACK_ID } from "./movie.ts";

const MDAT = viewOf(fourCc("mdat")).getUint32(0);

/** A moof without the sizes of its access units. */
const MOOF_TEMPLATE = encodeBoxes(
  box(
    "moof",
    fullBox("mfhd", 0, 0, u32(0)),
    box(
      "traf",
      fullBox("tfhd", 0, 0x020000, u32(TRACK_ID)), // default-base-is-moof
      fullBox("tfdt", 1, 0, u64(0)),
      fullBox("trun", 0, 0x000201, u32(0, 0)), // data-offset-present, sample-size-present
    ),
  ),
);
const MOOF_BYTES = MOOF_TEMPLATE.length;

/** Offsets of the fields that differ. */
const MOOF_SIZE = 0;
const MFHD_SEQUENCE_NUMBER = 20;
const TRAF_SIZE = 24;
const TFDT_BASE_MEDIA_DECODE_TIME = 60;
const TRUN_SIZE = 68;
const TRUN_SAMPLE_COUNT = 80;
const TRUN_DATA_OFFSET = 84;

/** The most that a fragment holds: far more than a second of audio. */
export const MAX_FRAGMENT_FRAMES = 256;
export const MAX_FRAGMENT_BYTES = 1 << 20;

/** The most bytes before a fragment's access units: moof, and the header of mdat. */
export const MAX_FRAGMENT_HEADER_BYTES = fragmentHeaderBytes(MAX_FRAGMENT_FRAMES);

/**
 * Gathers access units into fragments. It copies them to a buffer of its own, which is used again
 * for each fragment, and grows to the largest.
 */
export class FragmentWriter {
  #frames = 0;
  /** Room for the longest header, then access units: the header is written right before them. */
  #buffer = new Uint8Array(MAX_FRAGMENT_HEADER_BYTES + INITIAL_DATA_BYTES);
  #end = MAX_FRAGMENT_HEADER_BYTES;
  readonly #sizes = new Uint32Array(MAX_FRAGMENT_FRAMES);

  /** Frames of the open fragment. */
  get frames(): number {
    return this.#frames;
  }

  /** Whether an access unit of `length` bytes still fits the open fragment. */
  fits(length: number): boolean {
    return this.#frames < MAX_FRAGMENT_FRAMES &&
      this.#end + length <= MAX_FRAGMENT_HEADER_BYTES + MAX_FRAGMENT_BYTES;
  }

  /**
   * Takes an access unit; `data` is read during the call only.
   * @throws {RangeError} where it does not fit
   */
  add(data: Uint8Array): void {
    if (!this.fits(data.length)) {
      throw new RangeError(`Cannot add ${data.length} bytes to a fragment: it is full`);
    }
    const end = this.#end + data.length;
    if (end > this.#buffer.length) this.#grow(end);
    this.#buffer.set(data, this.#end);
    this.#sizes[this.#frames++] = data.length;
    this.#end = end;
  }

  /**
   * Ends the fragment, and begins the next.
   * @param firstFrame frames that the recording holds before it
   * @param samplesPerFrame what each of its frames holds
   * @returns moof and mdat, valid until the next `add`; empty without frames. They are to be
   *   written to the end of the file by one call: then a file that is cut off holds no moof without
   *   its mdat.
   */
  take(firstFrame: number, samplesPerFrame: number): Uint8Array {
    const data = MAX_FRAGMENT_HEADER_BYTES;
    if (this.#frames === 0) return this.#buffer.subarray(data, data);
    const start = data - fragmentHeaderBytes(this.#frames);
    const view = viewOf(this.#buffer);
    writeMoof(view, start, firstFrame, this.#frames, samplesPerFrame);
    for (let i = 0; i < this.#frames; i++) {
      view.setUint32(start + MOOF_BYTES + 4 * i, this.#sizes[i] ?? 0);
    }
    view.setUint32(data - BOX_HEADER_BYTES, BOX_HEADER_BYTES + this.#end - data);
    view.setUint32(data - 4, MDAT);
    const fragment = this.#buffer.subarray(start, this.#end);
    this.#frames = 0;
    this.#end = data;
    return fragment;
  }

  #grow(needed: number): void {
    const larger = new Uint8Array(Math.max(needed, 2 * this.#buffer.length));
    larger.set(this.#buffer.subarray(0, this.#end));
    this.#buffer = larger;
  }
}

/** A fragment, as a file has it. */
export interface Fragment {
  readonly frames: number;
  /** Big-endian 32-bit size of each access unit. */
  readonly sizes: Uint8Array;
  /** Bytes from the moof's start to the first access unit. */
  readonly headerBytes: number;
  /** Bytes of moof and mdat. */
  readonly totalBytes: number;
}

/**
 * Reads a fragment's headers. The access units need not be there.
 * @param bytes at most {@link MAX_FRAGMENT_HEADER_BYTES} are looked at
 * @param samplesPerFrame what each of its frames holds
 * @returns `undefined` where it is not exactly what a {@link FragmentWriter} makes
 */
export function parseFragment(bytes: Uint8Array, samplesPerFrame: number): Fragment | undefined {
  if (bytes.length < MOOF_BYTES) return undefined;
  const view = viewOf(bytes);
  const frames = (view.getUint32(0) - MOOF_BYTES) / 4;
  if (!Number.isInteger(frames) || frames < 1 || frames > MAX_FRAGMENT_FRAMES) return undefined;
  const headerBytes = fragmentHeaderBytes(frames);
  if (bytes.length < headerBytes) return undefined;

  const firstFrame = getUint64(view, TFDT_BASE_MEDIA_DECODE_TIME) / samplesPerFrame;
  if (!Number.isInteger(firstFrame) || firstFrame >= MAX_FRAMES) return undefined;
  writeMoof(viewOf(expected), 0, firstFrame, frames, samplesPerFrame);
  if (!expected.every((byte, i) => byte === bytes[i])) return undefined;
  const mdat = headerBytes - BOX_HEADER_BYTES;
  let mdatBytes = BOX_HEADER_BYTES;
  for (let at = MOOF_BYTES; at < mdat; at += 4) mdatBytes += view.getUint32(at);
  if (view.getUint32(mdat) !== mdatBytes || view.getUint32(mdat + 4) !== MDAT) return undefined;
  return {
    frames,
    sizes: bytes.subarray(MOOF_BYTES, mdat),
    headerBytes,
    totalBytes: mdat + mdatBytes,
  };
}

/** Frames of a recording: stsz counts them in 32 bits. */
const MAX_FRAMES = 2 ** 32;

const INITIAL_DATA_BYTES = 24 * 1024;

const expected = new Uint8Array(MOOF_BYTES);

function fragmentHeaderBytes(frames: number): number {
  return MOOF_BYTES + 4 * frames + BOX_HEADER_BYTES;
}

/**
 * Writes a moof, without the sizes of its access units. Sequence numbers only have to rise (8.8.5),
 * as the number of the first frame does, counted from 1: so no other number has to be kept.
 */
function writeMoof(
  view: DataView,
  start: number,
  firstFrame: number,
  frames: number,
  samplesPerFrame: number,
): void {
  new Uint8Array(view.buffer, view.byteOffset + start, MOOF_BYTES).set(MOOF_TEMPLATE);
  const sizes = 4 * frames;
  const patch = (field: number, value: number) => view.setUint32(start + field, value);
  patch(MOOF_SIZE, MOOF_BYTES + sizes);
  patch(MFHD_SEQUENCE_NUMBER, firstFrame + 1);
  patch(TRAF_SIZE, MOOF_BYTES - TRAF_SIZE + sizes);
  setUint64(view, start + TFDT_BASE_MEDIA_DECODE_TIME, firstFrame * samplesPerFrame);
  patch(TRUN_SIZE, MOOF_BYTES - TRUN_SIZE + sizes);
  patch(TRUN_SAMPLE_COUNT, frames);
  patch(TRUN_DATA_OFFSET, fragmentHeaderBytes(frames));
}
