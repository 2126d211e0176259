/** A DJ by script, who sends known frames in real time and does something between two of them. */
import { pauseUnless } from "../fleet/pause_unless.ts";

export interface ScriptedDjOptions {
  /** How long a frame lasts. */
  readonly frameMs: number;
  readonly frames: readonly Uint8Array[];
  /** Sends one. @param number which one it is, the first being 0 */
  readonly send: (frame: Uint8Array, number: number) => Promise<void>;
}

/** Sends until its frames are sent, or until its disposal. */
export class ScriptedDj implements AsyncDisposable {
  readonly #options: ScriptedDjOptions;
  readonly #disposed = new AbortController();
  readonly #running: Promise<void>;
  /** What is to be done before the next frame. */
  readonly #acts: Act[] = [];
  #sent = 0;

  constructor(options: ScriptedDjOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  /** How many frames it has sent. */
  get sent(): number {
    return this.#sent;
  }

  /** Does something before the next frame. @returns the number of that frame */
  between(act: () => Promise<void>): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#acts.push({
      run: async (number) => await act().then(() => resolve(number), reject),
    });
    return promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { frames, frameMs, send } = this.#options;
    const { signal } = this.#disposed;
    const startedAt = performance.now();
    for (const [number, frame] of frames.entries()) {
      const dueInMs = startedAt + number * frameMs - performance.now();
      if (dueInMs > 0) await pauseUnless(signal, dueInMs);
      if (signal.aborted) return;
      for (const { run } of this.#acts.splice(0)) await run(number);
      await send(frame, number);
      this.#sent = number + 1;
    }
  }
}

interface Act {
  readonly run: (number: number) => Promise<void>;
}
