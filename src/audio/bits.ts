/**
 * Reads and writes what is not made of whole bytes: the configurations of codecs.
 *
 * @module
 */

/** Thrown where audio metadata breaks its own syntax. */
export class MalformedAudio extends Error {
  override readonly name = "MalformedAudio";
}

/**
 * Reads unsigned integers, most significant bit first. Positions are in bits from the first byte.
 */
export class BitReader {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  readonly #end: number;
  #position = 0;

  /** @param what names the syntax being read in error messages */
  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#what = what;
    this.#end = bytes.length * 8;
  }

  get position(): number {
    return this.#position;
  }

  /** Bits that are left. */
  get remaining(): number {
    return this.#end - this.#position;
  }

  /**
   * @param count 0 to 32
   * @throws {MalformedAudio} where fewer bits are left
   */
  read(count: number): number {
    this.#expect(count);
    let value = 0;
    let left = count;
    while (left > 0) {
      const inByte = 8 - (this.#position & 7);
      const taken = Math.min(left, inByte);
      const byte = this.#bytes[this.#position >> 3] ?? 0;
      const bits = (byte >> (inByte - taken)) & ((1 << taken) - 1);
      value = value * (1 << taken) + bits;
      this.#position += taken;
      left -= taken;
    }
    return value;
  }

  /** Reads one bit as a flag. @throws {MalformedAudio} where none is left */
  flag(): boolean {
    return this.read(1) === 1;
  }

  /** @throws {MalformedAudio} where fewer bits are left */
  skip(count: number): void {
    this.#expect(count);
    this.#position += count;
  }

  /** Goes on to the next whole byte, where bytes are counted from the position `origin`. */
  align(origin = 0): void {
    this.skip((8 - ((this.#position - origin) & 7)) & 7);
  }

  /**
   * Fills `out` with the next bytes. The first may begin at any bit.
   * @throws {MalformedAudio} where fewer bytes are left
   */
  readBytes(out: Uint8Array): void {
    this.#expect(out.length * 8);
    const first = this.#position >> 3;
    const shift = this.#position & 7;
    if (shift === 0) {
      out.set(this.#bytes.subarray(first, first + out.length));
    } else {
      for (let i = 0; i < out.length; i++) {
        const pair = ((this.#bytes[first + i] ?? 0) << 8) | (this.#bytes[first + i + 1] ?? 0);
        out[i] = pair >> (8 - shift);
      }
    }
    this.#position += out.length * 8;
  }

  #expect(count: number): void {
    if (count > this.remaining) {
      throw new MalformedAudio(
        `Cannot parse ${this.#what}: expected ${count} more bits, got ${this.remaining}`,
      );
    }
  }
}

/** Writes unsigned integers, most significant bit first. It is made for a few bytes at a time. */
export class BitWriter {
  readonly #bytes: number[] = [];
  #position = 0;

  /** @param count 0 to 32 */
  write(value: number, count: number): void {
    for (let bit = count - 1; bit >= 0; bit--) {
      const at = this.#position >> 3;
      const set = ((value >>> bit) & 1) << (7 - (this.#position & 7));
      this.#bytes[at] = (this.#bytes[at] ?? 0) | set;
      this.#position++;
    }
  }

  /** Fills up with zeros to a whole byte. */
  align(): void {
    this.write(0, (8 - (this.#position & 7)) & 7);
  }

  /** What was written, filled up with zeros to a whole byte. */
  toBytes(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}
