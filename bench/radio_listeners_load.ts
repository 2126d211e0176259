/**
 * Listens to an endless stream: radio_listeners_load.ts PORT PATH LISTENERS STALLED. The last STALLED
 * of them read nothing behind the head. Run by the benchmark.
 */
import { type LoadFailures, reportLoad } from "./load_process.ts";

/** What listeners tell at their end. */
export interface ListenersEnd extends LoadFailures {
  /** How many of those who read were cut off. */
  readonly cutOff: number;
  /** Bytes a second that those who read got since they were asked to count: the least, the most. */
  readonly leastPerSecond: number;
  readonly mostPerSecond: number;
  /** The longest that one of them waited for more, in milliseconds. */
  readonly longestWaitMs: number;
}

const CONNECTING_AT_ONCE = 50;

/** One who reads. */
class Reader {
  bytes = 0;
  isCutOff = false;
  longestWaitMs = 0;
  readonly startedAt = performance.now();

  /** Reads until the end. @param buffer is anybody's: what is read is of no use */
  async read(conn: Deno.TcpConn, buffer: Uint8Array): Promise<void> {
    try {
      for (let since = performance.now();;) {
        const count = await conn.read(buffer);
        if (count === null) break;
        const now = performance.now();
        this.longestWaitMs = Math.max(this.longestWaitMs, now - since);
        since = now;
        this.bytes += count;
      }
    } catch (error) {
      firstFailure ??= String(error);
    }
    this.isCutOff = true;
  }

  get perSecond(): number {
    return 1000 * this.bytes / (performance.now() - this.startedAt);
  }
}

let firstFailure: string | undefined;
const [port, path = "", listeners, stalled] = Deno.args;
const [all, idle] = [Number(listeners), Number(stalled)];
const buffer = new Uint8Array(65_536);
const readers: Reader[] = [];
/** Those who read nothing stay connected. */
const kept: Deno.TcpConn[] = [];
for (let from = 0; from < all; from += CONNECTING_AT_ONCE) {
  const count = Math.min(CONNECTING_AT_ONCE, all - from);
  await Promise.all(Array.from({ length: count }, (_, i) => connect(from + i >= all - idle)));
}
await reportLoad({ startedAtMs: Date.now() }, (): ListenersEnd => {
  const speeds = readers.map(({ perSecond }) => perSecond);
  const cutOff = readers.filter(({ isCutOff }) => isCutOff).length;
  return {
    ...{ failures: cutOff, firstFailure, cutOff },
    leastPerSecond: Math.min(...speeds),
    mostPerSecond: Math.max(...speeds),
    longestWaitMs: Math.max(...readers.map(({ longestWaitMs }) => longestWaitMs)),
  };
});
Deno.exit();

async function connect(isIdle: boolean): Promise<void> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
  const request = `GET ${path} HTTP/1.1\r\nHost: bench\r\n\r\n`;
  await conn.write(new TextEncoder().encode(request));
  const head = await conn.read(new Uint8Array(512)) ?? 0;
  if (head === 0) throw new Error("Cannot listen: the connection was closed");
  if (isIdle) return void kept.push(conn);
  const reader = new Reader();
  readers.push(reader);
  void reader.read(conn, buffer);
}
