/**
 * Memory that answers are written from.
 *
 * @module
 */
/** What most heads and small answers fit into. */
export const OUTPUT_BUFFER_BYTES = 4096;
const MAX_FREE = 256;

/**
 * Memory that answers are written from, used again and again: a fresh allocation for each would keep
 * the garbage collector busy.
 */
export class OutputBuffers {
  readonly #free: Uint8Array<ArrayBuffer>[] = [];
  readonly #bytes: number;
  readonly #maxFree: number;

  /**
   * @param bytes how large each is
   * @param maxFree so many are kept for the next answers; the garbage collector gets the others
   */
  constructor(bytes: number = OUTPUT_BUFFER_BYTES, maxFree: number = MAX_FREE) {
    this.#bytes = bytes;
    this.#maxFree = maxFree;
  }

  take(): Uint8Array<ArrayBuffer> {
    return this.#free.pop() ?? new Uint8Array(this.#bytes);
  }

  /** Takes back what {@link take} gave; nobody may hold it any more. */
  giveBack(buffer: Uint8Array<ArrayBuffer>): void {
    if (this.#free.length < this.#maxFree) this.#free.push(buffer);
  }
}
