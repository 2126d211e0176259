/** What lies between boxes, as bad as a test says. */

/** Passes requests on, or not. */
export class BadNetwork {
  /** Answers break off after so many bytes. */
  cutAfterBytes = Infinity;
  /** How many did. */
  cuts = 0;
  /** How many feeds were asked for. */
  feeds = 0;
  #go: PromiseWithResolvers<void> | undefined;

  /** Nothing arrives any more, in either direction. */
  stall(): void {
    this.#go ??= Promise.withResolvers<void>();
  }

  /** What was held up arrives. */
  mend(): void {
    this.#go?.resolve();
    this.#go = undefined;
  }

  readonly fetch: typeof fetch = async (input, init = {}) => {
    const { pathname } = new URL(String(input));
    if (pathname.endsWith("/feed")) this.feeds++;
    const signal = init.signal ?? new AbortController().signal;
    await this.#pass(signal);
    const answer = await fetch(input, init);
    if (answer.body === null) return answer;
    return new Response(this.#broken(answer.body, signal), answer);
  };

  #broken(body: ReadableStream<Uint8Array>, signal: AbortSignal): ReadableStream<Uint8Array> {
    const reader = body.getReader();
    let left = this.cutAfterBytes;
    return new ReadableStream({
      pull: async (controller) => {
        await this.#pass(signal);
        const { done, value } = await reader.read();
        if (done) return controller.close();
        if (left < value.length) {
          this.cuts++;
          controller.enqueue(value.subarray(0, left));
          await reader.cancel();
          throw new Error("the connection is cut");
        }
        left -= value.length;
        controller.enqueue(value);
      },
      cancel: () => reader.cancel(),
    }, { highWaterMark: 0 });
  }

  async #pass(signal: AbortSignal): Promise<void> {
    if (this.#go === undefined) return;
    const aborted = Promise.withResolvers<never>();
    const abort = () => aborted.reject(signal.reason);
    signal.addEventListener("abort", abort);
    await Promise.race([this.#go.promise, aborted.promise]);
    signal.removeEventListener("abort", abort);
  }
}
