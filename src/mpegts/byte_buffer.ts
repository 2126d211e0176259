/** Bytes that grow at the end. Filled again, they take the same memory up to their largest size. */
export class ByteBuffer {
  /** Of these, the first {@link length} bytes are in use. It is replaced where it has to grow. */
  bytes: Uint8Array<ArrayBuffer>;
  /** Bytes in use. */
  length = 0;

  /** @param capacity bytes to make room for at once */
  constructor(capacity = 0) {
    this.bytes = new Uint8Array(capacity);
  }

  /** Makes room for `count` bytes behind those in use. Where it has to grow, it doubles at least. */
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
