/** Benchmark of HTTP clients that are slow: what they cost, and what is left of them. */
import { type BenchmarkOptions, serverEnv } from "./options.ts";
import { checkOpenFileLimit, residentMemory } from "./process_usage.ts";
import type { Report } from "./report.ts";
import { ServerProcess } from "./server_process.ts";

const HALF_OPEN = 5500;
const READERS = 600;
/** More than the system's buffers hold the answers to. */
const REQUESTS = 50;
const OTHER_FILES = 500;
const BUDGET_AFTER = 40;
/** Longer than any deadline of a head, and of a reader. */
const HALF_OPEN_MS = 15_000;
const READERS_MS = 30_000;
const SETTLE_MS = 3000;

/**
 * What connections cost that send half a head, or read nothing of what they asked for, and what is
 * left of that when their deadlines are over.
 */
export async function slowHttp(options: BenchmarkOptions): Promise<Report> {
  const [halfOpen = HALF_OPEN, readers = READERS] = options.numbers;
  const folder = await Deno.makeTempDir({ prefix: "echo-bench-" });
  const env = serverEnv(options);
  const server = await ServerProcess.start({ folder, env, profileFolder: undefined });
  try {
    checkOpenFileLimit(Deno.pid, "the clients", halfOpen + OTHER_FILES);
    checkOpenFileLimit(server.pid, "the server", 2 * halfOpen + OTHER_FILES);
    const { hls } = server.ports;
    const asked = `GET ${await libraryOf(hls)} HTTP/1.1\r\nHost: bench\r\n\r\n`;
    const memory = () => residentMemory(server.pid).now;
    const before = memory();
    const half = await Clients.connect(hls, halfOpen, "GET / HTTP/1.1\r\nHost: bench\r\nX: ");
    await sleep(SETTLE_MS);
    const [withHalf, halfLeft] = [memory(), await half.leftAfter(HALF_OPEN_MS)];
    const afterHalf = memory();
    const still = await Clients.connect(hls, readers, asked.repeat(REQUESTS), false);
    await sleep(SETTLE_MS);
    const [withReaders, readersLeft] = [memory(), await still.leftAfter(READERS_MS)];
    const after = memory();
    await server.stop();
    return {
      title: `slow-http: ${halfOpen} half-open connections, ${readers} readers that never read`,
      figures: [
        { what: "memory before", value: before, unit: "MiB" },
        { what: "… more with half-open connections", value: withHalf - before, unit: "MiB" },
        { what: "half-open connections left", value: halfLeft, unit: "", budget: 0 },
        { what: "… more after them", value: afterHalf - before, unit: "MiB" },
        { what: "… more with readers", value: withReaders - before, unit: "MiB" },
        { what: "readers left", value: readersLeft, unit: "", budget: 0 },
        { what: "… more after them", value: after - before, unit: "MiB", budget: BUDGET_AFTER },
      ],
      notes: [
        `left: after ${HALF_OPEN_MS / 1000} s and ${READERS_MS / 1000} s; resident memory`,
        `readers ask for the largest file of the listeners' page, ${REQUESTS} times each`,
      ],
    };
  } finally {
    await server.abort();
    await Deno.remove(folder, { recursive: true });
  }
}

/** Clients that send something and stay. */
class Clients {
  readonly #conns: readonly Deno.TcpConn[];
  readonly #ended = new Set<Deno.TcpConn>();

  private constructor(conns: readonly Deno.TcpConn[], reads: boolean) {
    this.#conns = conns;
    if (reads) { for (const conn of conns) void this.#untilEnd(conn); }
  }

  /** @param reads whether they take what comes */
  static async connect(port: number, count: number, text: string, reads = true): Promise<Clients> {
    const conns: Deno.TcpConn[] = [];
    for (let i = 0; i < count; i++) {
      const conn = await Deno.connect({ hostname: "127.0.0.1", port });
      await conn.write(new TextEncoder().encode(text));
      conns.push(conn);
    }
    return new Clients(conns, reads);
  }

  /** How many the server has not ended after so long; all are closed then. */
  async leftAfter(ms: number): Promise<number> {
    await sleep(ms);
    // Who reads nothing finds out by writing.
    const left = await Promise.all(this.#conns.map((conn) => this.#isOpen(conn)));
    for (const conn of this.#conns) conn.close();
    await sleep(SETTLE_MS);
    return left.filter((isOpen) => isOpen).length;
  }

  async #isOpen(conn: Deno.TcpConn): Promise<boolean> {
    if (this.#ended.has(conn)) return false;
    try {
      await conn.write(Uint8Array.of(0x78));
      await sleep(SETTLE_MS);
      await conn.write(Uint8Array.of(0x78));
      return !this.#ended.has(conn);
    } catch (error) {
      if (error instanceof Error) return false;
      throw error;
    }
  }

  async #untilEnd(conn: Deno.TcpConn): Promise<void> {
    const buffer = new Uint8Array(512);
    try {
      while (await conn.read(buffer) !== null);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
    }
    this.#ended.add(conn);
  }
}

/** Where the library is that the page of the listeners loads. */
async function libraryOf(port: number): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/cast/demo/`);
  const [, path] = /data-hls="([^"]+)"/.exec(await response.text()) ?? [];
  if (path === undefined) throw new Error("Cannot find the library of the listeners' page");
  return new URL(path, response.url).pathname;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
