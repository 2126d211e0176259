/**
 * All who look at a server while it is measured: a hook server, an operator with the dashboard,
 * Prometheus.
 *
 * @module
 */

/** How often the metrics are read; Prometheus does it every 15 s at most installations. */
const SCRAPE_MS = 5000;

/** All who look at a server: a hook server, an operator with the dashboard open, Prometheus. */
export class Watchers {
  readonly #hooks: Deno.HttpServer<Deno.NetAddr>;
  readonly #leaving = new AbortController();
  readonly #watching: Promise<void>[] = [];
  #events = 0;
  #bytes = 0;
  #scrapes = 0;

  constructor() {
    const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
    this.#hooks = Deno.serve(options, async (request) => {
      await request.body?.cancel();
      this.#events++;
      return new Response(null, { status: 204 });
    });
  }

  /** What the server has to be told of them. */
  get env(): Readonly<Record<string, string>> {
    const url = `http://127.0.0.1:${this.#hooks.addr.port}/`;
    return { HOOK_URL: url, HOOK_SECRET: "bench-bench-bench-bench" };
  }

  /** What they have seen, in words. */
  get seen(): string {
    const kilobytes = Math.round(this.#bytes / 1000);
    return `watched: ${this.#events} hooks, ${kilobytes} kB of dashboard, ${this.#scrapes} scrapes`;
  }

  /** Begins to watch the server whose statistics are on `port`. */
  watch(port: number): void {
    const base = `http://127.0.0.1:${port}`;
    this.#watching.push(this.#readEvents(base), this.#scrape(base));
  }

  async stop(): Promise<void> {
    this.#leaving.abort();
    await Promise.all(this.#watching);
    await this.#hooks.shutdown();
  }

  async #readEvents(base: string): Promise<void> {
    await this.#untilLeaving(async () => {
      const { body } = await this.#get(`${base}/stat/1/events`);
      for await (const chunk of body ?? []) this.#bytes += chunk.length;
    });
  }

  async #scrape(base: string): Promise<void> {
    await this.#untilLeaving(async () => {
      await (await this.#get(`${base}/metrics`)).text();
      this.#scrapes++;
      await new Promise((resolve) => setTimeout(resolve, SCRAPE_MS));
    });
  }

  async #get(url: string): Promise<Response> {
    const response = await fetch(url, { signal: this.#leaving.signal });
    if (!response.ok) throw new Error(`Cannot get ${url}: ${response.status}`);
    return response;
  }

  /** Does it again and again; that the server ends, or the watchers leave, is no error. */
  async #untilLeaving(look: () => Promise<void>): Promise<void> {
    try {
      while (!this.#leaving.signal.aborted) await look();
    } catch (error) {
      const isEnd = error instanceof TypeError || this.#leaving.signal.aborted;
      if (!isEnd) throw error;
    }
  }
}
