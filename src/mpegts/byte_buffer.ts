/** Bytes that grow at the end. Emptied and filled again, it allocates only to grow past its largest. */
export class ByteBuffer {
  /** More than what is in use: {@link length} bytes are. Replaced when it grows. */
  bytes: Uint8Array<ArrayBuffer>;
  /** Bytes in use. */
  length = 0;

  /** @param capacity bytes to make room for at once */
  constructor(capacity = 0) {
    this.bytes = new Uint8Array(capacity);
  }

  /** Makes room for `count` bytes behind those in use, at least doubling where there is none. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.bytes.length));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  /** Puts `bytes` behind those in use. */
  append(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** The bytes in use, where they stand: valid until the next change. */
  view(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(0, this.length);
  }
}
