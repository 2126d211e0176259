/** How bodies stand on a connection: of a length that is known, or in chunks. */
import { HttpError } from "./http_error.ts";

/** What a decoder made of bytes. */
export interface DecodedBytes {
  /** How many of them it has taken. */
  readonly used: number;
  /** A part of the body, as a view of them; `undefined` where all has been taken, or it is over. */
  readonly data: Uint8Array | undefined;
}

/** Takes the bytes of a connection as far as they belong to a body. */
export interface BodyDecoder {
  readonly isOver: boolean;
  /** @throws {HttpError} where the bytes are none of a body */
  take(bytes: Uint8Array): DecodedBytes;
}

/** A body whose length is known (RFC 9112 6.2). */
export class SizedBody implements BodyDecoder {
  #left: number;

  constructor(length: number) {
    this.#left = length;
  }

  get isOver(): boolean {
    return this.#left === 0;
  }

  take(bytes: Uint8Array): DecodedBytes {
    const used = Math.min(this.#left, bytes.length);
    this.#left -= used;
    return { used, data: used === 0 ? undefined : bytes.subarray(0, used) };
  }
}

/** A chunk has less than 4 GiB. */
const MAX_SIZE_DIGITS = 8;
/** Nobody needs them, and each byte of a body may have one. */
const MAX_EXTENSION_BYTES = 1024;

const [TAB, LF, CR, SEMICOLON] = [0x09, 0x0a, 0x0d, 0x3b];

type ChunkState =
  | "size"
  | "extension"
  | "LF of size"
  | "data"
  | "CR of data"
  | "LF of data"
  | "CR of end"
  | "LF of end"
  | "over";

/**
 * A body in chunks (RFC 9112 7.1). Extensions are passed over; trailers are refused, because nobody
 * here would read them.
 */
export class ChunkedBody implements BodyDecoder {
  #state: ChunkState = "size";
  #size = 0;
  #digits = 0;
  /** What is to come of the chunk. */
  #left = 0;
  #extensionBytes = 0;

  get isOver(): boolean {
    return this.#state === "over";
  }

  take(bytes: Uint8Array): DecodedBytes {
    let at = 0;
    while (at < bytes.length && this.#state !== "over") {
      if (this.#state === "data") {
        const end = Math.min(at + this.#left, bytes.length);
        this.#left -= end - at;
        if (this.#left === 0) this.#state = "CR of data";
        return { used: end, data: bytes.subarray(at, end) };
      }
      this.#state = this.#next(this.#state, bytes[at++] ?? 0);
    }
    return { used: at, data: undefined };
  }

  #next(state: Exclude<ChunkState, "data" | "over">, byte: number): ChunkState {
    switch (state) {
      case "size":
        return this.#readSize(byte);
      case "extension":
        return this.#passOver(byte);
      case "LF of size":
        return expect(LF, byte, this.#begin());
      case "CR of data":
        return expect(CR, byte, "LF of data");
      case "LF of data":
        return expect(LF, byte, "size");
      case "CR of end":
        return expect(CR, byte, "LF of end");
      case "LF of end":
        return expect(LF, byte, "over");
    }
  }

  #readSize(byte: number): ChunkState {
    const digit = hexDigit(byte);
    if (digit !== undefined) {
      if (++this.#digits > MAX_SIZE_DIGITS) throw badChunk();
      this.#size = this.#size * 16 + digit;
      return "size";
    }
    if (this.#digits === 0) throw badChunk();
    return byte === SEMICOLON ? this.#passOver(byte) : expect(CR, byte, "LF of size");
  }

  #passOver(byte: number): ChunkState {
    if (byte === CR) return "LF of size";
    const isText = byte === TAB || (byte >= 0x20 && byte <= 0x7e);
    if (!isText || ++this.#extensionBytes > MAX_EXTENSION_BYTES) throw badChunk();
    return "extension";
  }

  #begin(): ChunkState {
    const size = this.#size;
    [this.#size, this.#digits, this.#left] = [0, 0, size];
    return size === 0 ? "CR of end" : "data";
  }
}

function expect(expected: number, byte: number, next: ChunkState): ChunkState {
  if (byte !== expected) throw badChunk();
  return next;
}

function hexDigit(byte: number): number | undefined {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : undefined;
}

function badChunk(): HttpError {
  return new HttpError(400, "the body is not in proper chunks");
}
