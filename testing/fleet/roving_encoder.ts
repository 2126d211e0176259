/** A DJ who publishes to whichever box takes him, as encoders behind a name with several addresses. */
import { Encoder } from "../e2e/ffmpeg_encoder.ts";
import { pauseUnless } from "./pause_unless.ts";

const RECONNECT_MS = 1000;
/** What has not been taken for so long will not be, in microseconds. */
const GIVE_UP_US = 3_000_000;

/** FFmpeg that connects again, to the next address, when its connection has ended. */
export class RovingEncoder implements AsyncDisposable {
  readonly #file: string;
  readonly #urls: readonly string[];
  readonly #disposed = new AbortController();
  readonly #running: Promise<void>;
  #attempts = 0;
  #encoder: Encoder | undefined;

  /** @param urls where it may publish; the first one at first */
  constructor(file: string, urls: readonly string[]) {
    this.#file = file;
    this.#urls = urls;
    this.#running = this.#run();
  }

  /** How often it has connected, or tried to. */
  get attempts(): number {
    return this.#attempts;
  }

  /** Its connection is gone without a word; it connects to the next address. */
  leave(): void {
    this.#encoder?.kill("SIGKILL");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#disposed;
    const disposed = new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => resolve());
    });
    while (!signal.aborted) {
      const url = this.#urls[this.#attempts++ % this.#urls.length] ?? "";
      const options = ["-c", "copy", "-rw_timeout", `${GIVE_UP_US}`];
      await using encoder = this.#encoder = new Encoder(this.#file, url, options);
      await Promise.race([encoder.end(), disposed]);
      await pauseUnless(signal, RECONNECT_MS);
    }
  }
}
