/**
 * How much a peer has sent, and when that is to be acknowledged (RTMP 1.0 5.4.3, 5.4.4).
 *
 * @module
 */

/** Bytes between acknowledgements: asked of the peer, and kept until it asks for another number. */
export const WINDOW_SIZE = 2_500_000;

/** Counts the bytes of one peer. */
export class ReceivedBytes {
  #count = 0;
  #acknowledged = 0;
  #windowSize = WINDOW_SIZE;

  add(bytes: number): void {
    this.#count += bytes;
  }

  /** @param bytes as the peer asks; 0 is the size that there was first */
  set windowSize(bytes: number) {
    this.#windowSize = bytes === 0 ? WINDOW_SIZE : bytes;
  }

  /** All bytes so far, where another acknowledgement is due; else `undefined`. */
  takeDue(): number | undefined {
    if (this.#count - this.#acknowledged < this.#windowSize) return undefined;
    this.#acknowledged = this.#count;
    return this.#count;
  }
}
