/** One thing to be done with a file, by whoever drives a {@link FileSteps}. */
export type FileStep =
  /** Answered with the bytes that are there: fewer at the end of the file. */
  | { readonly kind: "read"; readonly offset: number; readonly length: number }
  /** All of `data`, also behind the end of the file, which then grows. `data` is valid for the step. */
  | { readonly kind: "write"; readonly offset: number; readonly data: Uint8Array }
  /** Cuts the file to `length` bytes. */
  | { readonly kind: "truncate"; readonly length: number }
  /** What was done before is on the disk before anything that follows. */
  | { readonly kind: "sync" };

/**
 * Work on a file without I/O: each step is to be done before the next is asked for, as soon or as
 * late as the driver likes. A read is answered by `next(bytes)`, and the bytes have to stay until
 * the next read; every other step by `next()` of anything. Giving up after any step, or in the middle
 * of one, is a crash, and leaves a file that is as good as the work's own description says.
 */
export type FileSteps<Result> = Generator<FileStep, Result, Uint8Array>;

/** Bound of what a step reads or writes at once. */
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
