/** A client of the control API of a fleet, which publishes by SRT. */
import { type Grant, reserve } from "../e2e/control_request.ts";
import { Encoder } from "../e2e/ffmpeg_encoder.ts";
import { pauseUnless } from "./pause_unless.ts";

const RETRY_MS = 1000;

export interface SrtClientOptions {
  readonly name: string;
  /** What it sends, from the beginning each time. */
  readonly file: string;
  /** Addresses of the control API, `HOST:PORT`; it asks the first one that answers. */
  readonly controls: readonly string[];
}

/** Asks for a session, sends to where it is told, and asks again when that has ended. */
export class SrtClient implements AsyncDisposable {
  readonly #options: SrtClientOptions;
  readonly #disposed = new AbortController();
  readonly #running: Promise<void>;
  /** Where it was told to publish, in order, as `HOST:PORT`. */
  readonly told: string[] = [];
  /** Why it was told nothing, each time. */
  readonly refusals: string[] = [];

  constructor(options: SrtClientOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#disposed;
    let grant: Grant | undefined;
    while (!signal.aborted) {
      const granted = await this.#ask(grant);
      if (granted !== undefined) {
        grant = granted;
        await this.#send(granted);
      }
      await pauseUnless(signal, RETRY_MS);
    }
  }

  async #ask(before: Grant | undefined): Promise<Grant | undefined> {
    const { name, controls } = this.#options;
    const cookie = before === undefined ? {} : { cookie: before.cookie };
    for (const control of controls) {
      try {
        return await reserve(control, name, { protocol: "srt", ...cookie });
      } catch (error) {
        this.refusals.push(`${control}: ${error}`);
      }
    }
    return undefined;
  }

  async #send({ srtAddress = "", srtPort = 0 }: Grant): Promise<void> {
    const place = `${srtAddress}:${srtPort}`;
    this.told.push(place);
    await using encoder = new Encoder(this.#options.file, `srt://${place}`);
    const disposed = new Promise<void>((resolve) => {
      this.#disposed.signal.addEventListener("abort", () => resolve());
    });
    await Promise.race([encoder.end(), disposed]);
  }
}
