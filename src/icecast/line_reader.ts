/**
 * Cuts the heads of requests into lines.
 *
 * @module
 */
import { Buffer } from "node:buffer";

/** Of all lines of a head together; the longest that is honest has a token in it. */
export const MAX_HEAD_BYTES_OF_SOURCES = 8192;

const [LF, CR] = [0x0a, 0x0d];

/** What was made of bytes. */
export interface LineTaken {
  /** How many of them were taken. */
  readonly used: number;
  /** The line that ends with them, without its end; `undefined` where it goes on. */
  readonly line: string | undefined;
}

/** Thrown where the lines of a head are too many or too long. */
export class HeadTooLong extends Error {
  override readonly name = "HeadTooLong";
}

/**
 * Finds the lines of a head that comes in pieces of any size. They end with CRLF or with LF, as old
 * encoders have it. A character stands for each byte.
 */
export class LineReader {
  #line = "";
  #bytes = 0;

  /** @throws {HeadTooLong} */
  take(bytes: Uint8Array): LineTaken {
    const end = bytes.indexOf(LF);
    const used = end < 0 ? bytes.length : end + 1;
    this.#bytes += used;
    if (this.#bytes > MAX_HEAD_BYTES_OF_SOURCES) {
      throw new HeadTooLong(`a head of more than ${MAX_HEAD_BYTES_OF_SOURCES} bytes`);
    }
    this.#line += Buffer.from(bytes.buffer, bytes.byteOffset, used).toString("latin1");
    if (end < 0) return { used, line: undefined };
    const line = this.#line.slice(0, this.#line.charCodeAt(this.#line.length - 2) === CR ? -2 : -1);
    this.#line = "";
    return { used, line };
  }

  /** Another head follows. */
  restart(): void {
    this.#line = "";
    this.#bytes = 0;
  }
}
