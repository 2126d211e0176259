/** Tells another thread which input is being read, for when that never ends. */

const HEADER_INTS = 3;
const MAX_INPUT_BYTES = 2 ** 17;

/** Memory that two threads share: a count of inputs, the target, and the input itself. */
export class InputBoard {
  readonly #header: Int32Array;
  readonly #bytes: Uint8Array;

  constructor(memory: SharedArrayBuffer) {
    this.#header = new Int32Array(memory, 0, HEADER_INTS);
    this.#bytes = new Uint8Array(memory, 4 * HEADER_INTS);
  }

  /** Memory for a board. */
  static allocate(): SharedArrayBuffer {
    return new SharedArrayBuffer(4 * HEADER_INTS + MAX_INPUT_BYTES);
  }

  /** @param target its index */
  show(target: number, input: Uint8Array): void {
    this.#bytes.set(input.subarray(0, MAX_INPUT_BYTES));
    this.#header[1] = target;
    this.#header[2] = Math.min(input.length, MAX_INPUT_BYTES);
    Atomics.add(this.#header, 0, 1);
  }

  /** Inputs that were shown so far; wraps. */
  get count(): number {
    return Atomics.load(this.#header, 0);
  }

  /** The target's index. */
  get target(): number {
    return this.#header[1] ?? 0;
  }

  /** A copy. */
  get input(): Uint8Array {
    return this.#bytes.slice(0, this.#header[2]);
  }
}
