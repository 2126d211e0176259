/**
 * Listeners who ask as fast as they are answered: http_clients.ts PORT CONNECTIONS SECONDS FILE.
 * Run by the benchmark where wrk is not installed; it prints what wrk.lua prints.
 */
import { getRequest, HttpClient } from "./http_client.ts";
import type { HttpAnswers } from "./http_load.ts";

const REREAD_MS = 1000;

/** What all connections have found. */
class Tally {
  readonly #latencies: number[] = [];
  #bytes = 0;
  #failures = 0;

  answered(ms: number, bytes: number, ok: boolean): void {
    this.#latencies.push(ms);
    this.#bytes += bytes;
    if (!ok) this.#failures++;
  }

  failed(): void {
    this.#failures++;
  }

  result(seconds: number): HttpAnswers {
    const sorted = Float64Array.from(this.#latencies).sort();
    const percentile = (part: number) => sorted[Math.floor(part * (sorted.length - 1))] ?? NaN;
    return {
      answers: sorted.length,
      seconds,
      bytes: this.#bytes,
      p50Ms: percentile(0.5),
      p99Ms: percentile(0.99),
      failures: this.#failures,
    };
  }
}

/** The requests for the paths in a file, in turn; it is read again each second. */
class Requests {
  readonly #file: string;
  #requests: readonly Uint8Array[] = [];
  #at = 0;
  #readAt = -Infinity;

  constructor(file: string) {
    this.#file = file;
  }

  next(): Uint8Array {
    if (performance.now() - this.#readAt > REREAD_MS) this.#read();
    this.#at = (this.#at + 1) % this.#requests.length;
    return this.#requests[this.#at] ?? new Uint8Array(0);
  }

  #read(): void {
    this.#readAt = performance.now();
    const paths = Deno.readTextFileSync(this.#file).split("\n").filter((path) => path !== "");
    this.#requests = paths.map(getRequest);
  }
}

/** Asks on one connection until `end`. */
async function ask(port: number, requests: Requests, end: number, tally: Tally): Promise<void> {
  try {
    using client = await HttpClient.connect(port);
    while (performance.now() < end) {
      const since = performance.now();
      const { bytes, status } = await client.ask(requests.next());
      tally.answered(performance.now() - since, bytes, 200 <= status && status < 400);
    }
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    tally.failed();
  }
}

const [port = NaN, connections = NaN, seconds = NaN] = Deno.args.slice(0, 3).map(Number);
const requests = new Requests(Deno.args[3] ?? "");
const tally = new Tally();
const start = performance.now();
const end = start + 1000 * seconds;
const clients = Array.from({ length: connections }, () => ask(port, requests, end, tally));
await Promise.all(clients);
console.log(JSON.stringify(tally.result((performance.now() - start) / 1000)));
