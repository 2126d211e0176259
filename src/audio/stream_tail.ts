/**
 * Feeds a parser of a byte stream that comes in pieces, and copies little: a frame that is within a
 * piece is parsed there. One that ends in another piece is parsed in a buffer that joins both.
 */
export class StreamTail {
  readonly #parse: (bytes: Uint8Array, flushing: boolean) => number;
  readonly #held: Uint8Array;
  #heldBytes = 0;
  #base = 0;

  /**
   * @param capacity more bytes than `parse` ever leaves
   * @param parse takes what it can from the start of `bytes`, and returns how many bytes that was;
   *   `flushing` is set where no more come for now
   */
  constructor(capacity: number, parse: (bytes: Uint8Array, flushing: boolean) => number) {
    this.#held = new Uint8Array(capacity);
    this.#parse = parse;
  }

  /** Where in the stream the bytes begin that are being parsed. */
  get base(): number {
    return this.#base;
  }

  /** Takes the stream's next piece. */
  feed(bytes: Uint8Array): void {
    let taken = 0;
    while (taken < bytes.length) {
      if (this.#heldBytes === 0) {
        const rest = bytes.subarray(taken);
        const parsed = this.#parse(rest, false);
        this.#base += parsed;
        this.#hold(rest.subarray(parsed));
        return;
      }
      const piece = bytes.subarray(taken, taken + this.#held.length - this.#heldBytes);
      this.#hold(piece);
      taken += piece.length;
      const parsed = this.#parse(this.#held.subarray(0, this.#heldBytes), false);
      taken -= this.#release(parsed, piece.length);
    }
  }

  /** Parses once more what is held, as no more comes for now. */
  flush(): void {
    if (this.#heldBytes === 0) return;
    this.#release(this.#parse(this.#held.subarray(0, this.#heldBytes), true), 0);
  }

  /** Forgets what is held. */
  clear(): void {
    this.#base += this.#heldBytes;
    this.#heldBytes = 0;
  }

  #hold(bytes: Uint8Array): void {
    this.#held.set(bytes, this.#heldBytes);
    this.#heldBytes += bytes.length;
  }

  /**
   * Lets go of the first `parsed` held bytes.
   * @param latest how many of the held bytes came with the latest piece
   * @returns how many bytes at the piece's end can be parsed there, as none before them is held
   */
  #release(parsed: number, latest: number): number {
    this.#base += parsed;
    const left = this.#heldBytes - parsed;
    if (parsed > 0 && left <= latest) {
      this.#heldBytes = 0;
      return left;
    }
    this.#held.copyWithin(0, parsed, this.#heldBytes);
    this.#heldBytes = left;
    return 0;
  }
}
