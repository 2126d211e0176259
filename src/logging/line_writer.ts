/**
 * Writes the log without holding up the server.
 *
 * @module
 */

/** Writes some of the bytes, one at least. @returns how many */
export type Write = (bytes: Uint8Array) => Promise<number>;

/**
 * Writes lines one behind the other, and holds up nobody who logs them: where the log's reader
 * stops reading, lines are lost, but no audio.
 */
export class LineWriter {
  readonly #write: Write;
  readonly #encoder = new TextEncoder();
  #waiting: string[] = [];
  #dropped = 0;
  #writing: Promise<void> | undefined;

  constructor(write: Write) {
    this.#write = write;
  }

  /** Takes a line, without its end. */
  write(line: string): void {
    if (this.#waiting.length >= MAX_WAITING_LINES) this.#dropped++;
    else this.#waiting.push(line);
    this.#writing ??= this.#writeAll();
  }

  /** Resolves when all is written, or when that takes too long. */
  async flush(): Promise<void> {
    const { promise: timeout, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, FLUSH_TIMEOUT_MS);
    await Promise.race([this.#writing, timeout]);
    clearTimeout(timer);
  }

  async #writeAll(): Promise<void> {
    // All lines of one turn of the event loop are written at once.
    await undefined;
    let lines: string[] = [];
    try {
      while (this.#waiting.length > 0) {
        lines = this.#waiting;
        this.#waiting = [];
        if (this.#dropped > 0) lines.push(`${this.#dropped} log lines were dropped`);
        this.#dropped = 0;
        const bytes = this.#encoder.encode(lines.join("\n") + "\n");
        for (let at = 0; at < bytes.length;) at += await this.#write(bytes.subarray(at));
      }
    } catch {
      // There is no place to log this: the log's reader is gone, or its disk is full. Once the log can
      // be written again, it says how many lines were lost.
      this.#dropped += lines.length + this.#waiting.length;
      this.#waiting = [];
    } finally {
      this.#writing = undefined;
    }
  }
}

/** How many lines may wait. Those that come beyond that are dropped, and counted. */
const MAX_WAITING_LINES = 10_000;

/** How long the end of the server waits for the log's reader. */
const FLUSH_TIMEOUT_MS = 1000;
