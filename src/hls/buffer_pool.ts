/**
 * Segment-sized memory, used again and again: a fresh allocation for every segment costs half as
 * much memory again before it is collected.
 */
export class BufferPool {
  readonly #free = new Map<number, ArrayBuffer[]>();
  readonly #maxFreeBytes: number;
  #freeBytes = 0;

  /** @param maxFreeBytes how much unused memory is kept */
  constructor(maxFreeBytes: number) {
    this.#maxFreeBytes = maxFreeBytes;
  }

  /** A copy of `bytes` in memory of the pool. */
  copy(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    const size = Math.ceil(bytes.length / SIZE_STEP) * SIZE_STEP;
    let memory = this.#free.get(size)?.pop();
    if (memory === undefined) memory = new ArrayBuffer(size);
    else this.#freeBytes -= size;
    const copy = new Uint8Array(memory, 0, bytes.length);
    copy.set(bytes);
    return copy;
  }

  /** Takes back what {@link copy} gave; nobody may hold `bytes` any more. */
  recycle(bytes: Uint8Array<ArrayBuffer>): void {
    const size = bytes.buffer.byteLength;
    if (this.#freeBytes + size > this.#maxFreeBytes) this.#forgetAll();
    const free = this.#free.get(size);
    if (free === undefined) this.#free.set(size, [bytes.buffer]);
    else free.push(bytes.buffer);
    this.#freeBytes += size;
  }

  /** What is free may be of sizes that nobody needs any more. */
  #forgetAll(): void {
    this.#free.clear();
    this.#freeBytes = 0;
  }
}

const SIZE_STEP = 4096;
