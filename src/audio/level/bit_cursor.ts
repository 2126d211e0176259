/** Reads bits fast, for what is read of the frames of all broadcasts. */

/**
 * A position in bytes that are read most significant bit first. Behind the end there are zeros, so that
 * nothing has to be checked on the way: whoever reads asks {@link isPastEnd} before it believes.
 */
export class BitCursor {
  readonly bytes: Uint8Array;
  /** In bits. */
  position = 0;
  #end = 0;

  /** @param maxBytes the most that it can be set on */
  constructor(maxBytes: number) {
    this.bytes = new Uint8Array(maxBytes + PADDING);
  }

  /** Whether more was read than there is. */
  get isPastEnd(): boolean {
    return this.position > this.#end;
  }

  /**
   * Begins to read a copy of `bytes`.
   * @returns whether there is room for it
   */
  set(bytes: Uint8Array): boolean {
    if (bytes.length > this.bytes.length - PADDING) return false;
    this.bytes.set(bytes);
    this.bytes.fill(0, bytes.length, bytes.length + PADDING);
    this.position = 0;
    this.#end = 8 * bytes.length;
    return true;
  }

  /** @param count 0 to 24 */
  read(count: number): number {
    const value = this.peek() >> (24 - count);
    this.position += count;
    return value;
  }

  /** The next 24 bits, which stay unread. */
  peek(): number {
    const { bytes, position } = this;
    const at = position >> 3;
    const four = (byteAt(bytes, at) << 24) | (byteAt(bytes, at + 1) << 16) |
      (byteAt(bytes, at + 2) << 8) | byteAt(bytes, at + 3);
    return (four << (position & 7)) >>> 8;
  }

  /** Goes past the end: what is read cannot be what it should be. */
  giveUp(): void {
    this.position = NOWHERE;
  }
}

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

/** Zeros that are read behind the end. */
const PADDING = 8;
/** Past every end, and small enough to count on from. */
const NOWHERE = 1 << 28;
