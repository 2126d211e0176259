/** Reads header fields that are compressed by HPACK (RFC 7541). */
import type { Field } from "../request_head.ts";
import { Http2Error } from "./http2_error.ts";
import { decodeHuffman } from "./huffman.ts";
import { STATIC_TABLE } from "./static_table.ts";

/** What a peer may have this end remember: SETTINGS_HEADER_TABLE_SIZE as it is without a word. */
const MAX_TABLE_BYTES = 4096;
/** What an entry counts beside its text (RFC 7541 4.1). */
const ENTRY_BYTES = 32;

export interface HeaderLimits {
  readonly maxFields: number;
  /** Of all names and values together. */
  readonly maxBytes: number;
}

/** Reads header blocks, one after the other; it remembers what is to be referred to. */
export class HpackDecoder {
  readonly #limits: HeaderLimits;
  /** The newest first. */
  readonly #table: Field[] = [];
  #tableBytes = 0;
  #maxTableBytes = MAX_TABLE_BYTES;

  constructor(limits: HeaderLimits) {
    this.#limits = limits;
  }

  /**
   * Reads a whole block.
   * @throws {Http2Error}
   */
  decode(block: Uint8Array): Field[] {
    const input = new Input(block, this.#limits.maxBytes);
    const fields: Field[] = [];
    let left = this.#limits.maxBytes;
    while (!input.isOver) {
      const first = input.peek();
      if ((first & 0xe0) === 0x20) {
        // RFC 7541 4.2: before all fields.
        if (fields.length > 0) throw bad("the table changes its size in the middle");
        this.#resize(input.integer(5));
        continue;
      }
      const field = this.#decodeField(input, first);
      fields.push(field);
      left -= field[0].length + field[1].length;
      if (left < 0 || fields.length > this.#limits.maxFields) {
        throw new Http2Error("ENHANCE_YOUR_CALM", "the header is too large");
      }
    }
    return fields;
  }

  /** RFC 7541 6.1 and 6.2. */
  #decodeField(input: Input, first: number): Field {
    if ((first & 0x80) !== 0) return this.#at(input.integer(7));
    const isRemembered = (first & 0x40) !== 0;
    const index = input.integer(isRemembered ? 6 : 4);
    const name = index === 0 ? input.text() : this.#at(index)[0];
    const field: Field = [name, input.text()];
    if (isRemembered) this.#remember(field);
    return field;
  }

  #at(index: number): Field {
    const field = STATIC_TABLE[index - 1] ?? this.#table[index - 1 - STATIC_TABLE.length];
    if (field === undefined) throw bad("there is no such entry in the table");
    return field;
  }

  #remember(field: Field): void {
    this.#table.unshift(field);
    this.#tableBytes += sizeOf(field);
    this.#forget();
  }

  #resize(bytes: number): void {
    if (bytes > MAX_TABLE_BYTES) throw bad("the table is larger than it may be");
    this.#maxTableBytes = bytes;
    this.#forget();
  }

  #forget(): void {
    while (this.#tableBytes > this.#maxTableBytes) {
      const oldest = this.#table.pop();
      if (oldest !== undefined) this.#tableBytes -= sizeOf(oldest);
    }
  }
}

function sizeOf([name, value]: Field): number {
  return name.length + value.length + ENTRY_BYTES;
}

/** A block, read from its beginning. */
class Input {
  readonly #bytes: Uint8Array;
  readonly #maxText: number;
  #at = 0;

  constructor(bytes: Uint8Array, maxText: number) {
    this.#bytes = bytes;
    this.#maxText = maxText;
  }

  get isOver(): boolean {
    return this.#at === this.#bytes.length;
  }

  peek(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw bad("a header ends in the middle");
    return byte;
  }

  /** RFC 7541 5.1, with `bits` bits in the first byte. */
  integer(bits: number): number {
    const max = (1 << bits) - 1;
    let value = this.peek() & max;
    this.#at++;
    if (value < max) return value;
    for (let shift = 0; shift <= 21; shift += 7) {
      const byte = this.peek();
      this.#at++;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw bad("a number is too large");
  }

  /** RFC 7541 5.2. */
  text(): string {
    const isHuffman = (this.peek() & 0x80) !== 0;
    const length = this.integer(7);
    const end = this.#at + length;
    if (end > this.#bytes.length) throw bad("a text ends in the middle");
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    if (isHuffman) return decodeHuffman(bytes, this.#maxText);
    let text = "";
    for (const byte of bytes) text += String.fromCharCode(byte);
    return text;
  }
}

function bad(why: string): Http2Error {
  return new Http2Error("COMPRESSION_ERROR", why);
}
