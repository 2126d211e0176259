/**
 * Memory that answers are written from.
 *
 * @module
 */
/** What most heads and small answers fit into. */
export const OUTPUT_BUFFER_BYTES = 4096;
/** Kept for the next answers; what is beyond is left to the garbage collector. */
const MAX_FREE = 256;

/**
 * Memory that answers are written from, used again and again: a fresh allocation for each would keep
 * the garbage collector busy.
 */
export class OutputBuffers {
  readonly #free: Uint8Array<ArrayBuffer>[] = [];

  /** A buffer of {@link OUTPUT_BUFFER_BYTES}. */
  take(): Uint8Array<ArrayBuffer> {
    return this.#free.pop() ?? new Uint8Array(OUTPUT_BUFFER_BYTES);
  }

  /** Takes back what {@link take} gave; nobody may hold it any more. */
  giveBack(buffer: Uint8Array<ArrayBuffer>): void {
    if (this.#free.length < MAX_FREE) this.#free.push(buffer);
  }
}
