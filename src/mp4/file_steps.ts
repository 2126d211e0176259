/**
 * Work on a file without I/O, so that tests can give it up at any step.
 *
 * @module
 */

/** One thing to be done with a file, by whoever drives a {@link FileSteps}. */
export type FileStep =
  /** Is answered with the bytes that are there: at the end of the file, with fewer. */
  | { readonly kind: "read"; readonly offset: number; readonly length: number }
  /**
   * Writes all of `data`, which is valid until the step is done. The file grows where it ends
   * before.
   */
  | { readonly kind: "write"; readonly offset: number; readonly data: Uint8Array }
  /** Cuts the file to `length` bytes. */
  | { readonly kind: "truncate"; readonly length: number }
  /** Has all that was done before reach the disk before anything that follows. */
  | { readonly kind: "sync" };

/**
 * Work on a file, step by step. The driver does each step before it asks for the next, as soon or
 * as late as it likes. It answers a read by `next(bytes)`, and keeps the bytes as they are until
 * the next read; any other step it answers by `next` of anything. A driver that gives up, after a
 * step or in the middle of one, leaves what a crash would leave: the work's description says how
 * good that is.
 */
export type FileSteps<Result> = Generator<FileStep, Result, Uint8Array>;

/** The most bytes that a step reads or writes. */
export const MAX_STEP_BYTES = 64 * 1024;

export function* read(offset: number, length: number): FileSteps<Uint8Array> {
  return yield { kind: "read", offset, length };
}

export function* write(offset: number, data: Uint8Array): FileSteps<void> {
  yield { kind: "write", offset, data };
}

export function* truncate(length: number): FileSteps<void> {
  yield { kind: "truncate", length };
}

export function* sync(): FileSteps<void> {
  yield { kind: "sync" };
}

/** Gathers bytes that follow each other in a file into few writes. */
export class SequentialWriter {
  readonly #buffer = new Uint8Array(MAX_STEP_BYTES);
  #used = 0;
  #written: number;

  constructor(offset: number) {
    this.#written = offset;
  }

  /** Where the next byte goes. */
  get offset(): number {
    return this.#written + this.#used;
  }

  /** @param bytes at most {@link MAX_STEP_BYTES} */
  *append(bytes: Uint8Array): FileSteps<void> {
    if (this.#used + bytes.length > this.#buffer.length) yield* this.flush();
    this.#buffer.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  /** Leaves `length` bytes of the file as they are. */
  *skip(length: number): FileSteps<void> {
    yield* this.flush();
    this.#written += length;
  }

  *flush(): FileSteps<void> {
    if (this.#used > 0) yield* write(this.#written, this.#buffer.subarray(0, this.#used));
    this.#written += this.#used;
    this.#used = 0;
  }
}
