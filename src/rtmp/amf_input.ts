/**
 * What AMF0 and AMF3 are read from, with the bounds that hold for both.
 *
 * @module
 */
import { decodeText } from "../audio/text_bytes.ts";
import { RtmpError } from "./rtmp_error.ts";

const MAX_DEPTH = 16;
const MAX_VALUES = 1024;

/** The bytes of a message that hold AMF values, how far they are read, and what they may still hold. */
export class AmfInput {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #values = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** The next byte, which stays unread; `undefined` at the end. */
  get nextByte(): number | undefined {
    return this.#bytes[this.#at];
  }

  /**
   * Counts a value that is about to be read.
   * @param depth how many others it is within
   * @throws {RtmpError} nested deeper than 16, or more than 1024 values in the message
   */
  beginValue(depth: number): void {
    if (depth > MAX_DEPTH) throw new RtmpError(`Cannot read AMF: nested deeper than ${MAX_DEPTH}`);
    if (++this.#values > MAX_VALUES) {
      throw new RtmpError(`Cannot read AMF: more than ${MAX_VALUES} values`);
    }
  }

  /** All that follow throw {@link RtmpError} where there are not as many bytes. */
  uint8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#take(2));
  }

  uint32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  double(): number {
    return this.#view.getFloat64(this.#take(8));
  }

  /** @param length in bytes; UTF-8, or what an encoder writes instead */
  text(length: number): string {
    const start = this.#take(length);
    return decodeText(this.#bytes.subarray(start, start + length));
  }

  skip(count: number): undefined {
    this.#take(count);
  }

  /** Passes over `count` bytes and returns where they start. */
  #take(count: number): number {
    const start = this.#at;
    if (this.#bytes.length - start < count) {
      const left = this.#bytes.length - start;
      throw new RtmpError(`Cannot read AMF: expected ${count} bytes at ${start}, got ${left}`);
    }
    this.#at += count;
    return start;
  }
}
