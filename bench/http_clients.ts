/**
 * Listeners who ask as fast as they are answered: http_clients.ts PORT CONNECTIONS SECONDS FILE.
 * Run by the benchmark where wrk is not installed; it prints what wrk.lua prints.
 */
import type { HttpAnswers } from "./http_load.ts";

const READ_BYTES = 65_536;
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
    this.#requests = paths.map((path) =>
      new TextEncoder().encode(`GET ${path} HTTP/1.1\r\nHost: bench\r\n\r\n`)
    );
  }
}

/** Asks on one connection until `end`. */
async function ask(port: number, requests: Requests, end: number, tally: Tally): Promise<void> {
  const buffer = new Uint8Array(READ_BYTES);
  try {
    using conn = await Deno.connect({ hostname: "127.0.0.1", port });
    while (performance.now() < end) {
      const since = performance.now();
      const request = requests.next();
      for (let at = 0; at < request.length;) at += await conn.write(request.subarray(at));
      const { bytes, ok } = await readAnswer(conn, buffer);
      tally.answered(performance.now() - since, bytes, ok);
    }
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    tally.failed();
  }
}

/** @throws where the answer ends before its length, or tells none */
async function readAnswer(
  conn: Deno.TcpConn,
  buffer: Uint8Array,
): Promise<{ readonly bytes: number; readonly ok: boolean }> {
  let [head, bytes, whole] = ["", 0, NaN];
  const decoder = new TextDecoder("latin1");
  while (!(bytes >= whole)) {
    const count = await conn.read(buffer);
    if (count === null) throw new Error("Cannot read the answer: the connection ended");
    bytes += count;
    if (!Number.isNaN(whole)) continue;
    head += decoder.decode(buffer.subarray(0, count));
    const end = head.indexOf("\r\n\r\n");
    if (end < 0) continue;
    const [, length] = /\r\ncontent-length: *(\d+)/i.exec(head.slice(0, end)) ?? [];
    if (length === undefined) throw new Error("Cannot read the answer: it has no length");
    whole = end + 4 + Number(length);
  }
  return { bytes, ok: /^HTTP\/1\.1 [23]/.test(head) };
}

const [port = NaN, connections = NaN, seconds = NaN] = Deno.args.slice(0, 3).map(Number);
const requests = new Requests(Deno.args[3] ?? "");
const tally = new Tally();
const start = performance.now();
const end = start + 1000 * seconds;
const clients = Array.from({ length: connections }, () => ask(port, requests, end, tally));
await Promise.all(clients);
console.log(JSON.stringify(tally.result((performance.now() - start) / 1000)));
