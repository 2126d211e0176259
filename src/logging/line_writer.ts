/** Lines that wait for a reader of the log; what comes beyond that is dropped and counted. */
const MAX_WAITING_LINES = 10_000;

/** How long the end of the server waits for whoever reads the log. */
const FLUSH_TIMEOUT_MS = 1000;

/** Writes bytes, some of them at least, and tells how many. */
export type Write = (bytes: Uint8Array) => Promise<number>;

/**
 * Writes lines one behind the other without holding up who logs them: a reader that stops reading
 * costs lines, not audio.
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

  /** Waits until all is written, but not for ever. */
  async flush(): Promise<void> {
    const { promise: timeout, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, FLUSH_TIMEOUT_MS);
    await Promise.race([this.#writing, timeout]);
    clearTimeout(timer);
  }

  async #writeAll(): Promise<void> {
    // What one turn of the event loop logs goes out in one write.
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
      // There is no place to say so: whoever read the log is gone, or the file's disk is full. Where
      // it can be written again, what was lost is counted there.
      this.#dropped += lines.length + this.#waiting.length;
      this.#waiting = [];
    } finally {
      this.#writing = undefined;
    }
  }
}
