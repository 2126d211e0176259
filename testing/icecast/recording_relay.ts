/** A stretch of network between a source and the source port, which keeps what the source sent. */
import { Buffer } from "node:buffer";
import { concat } from "../bytes.ts";

/** Passes on all that sources send to 127.0.0.1:`port` and are answered, and keeps it. */
export class RecordingRelay implements AsyncDisposable {
  readonly #listener: Deno.TcpListener;
  readonly #port: number;
  readonly #serving: Promise<void>;
  /** What came on each connection, in order. */
  readonly #sent: Uint8Array[][] = [];

  /**
   * @param at where it listens; by default at any port that is free
   * @throws {Deno.errors.AddrInUse}
   */
  constructor(port: number, at: number = 0) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: at });
    this.#port = port;
    this.#serving = this.#serve();
  }

  /** Where it listens. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** The bodies that sources published, without their heads and chunks. */
  get bodies(): Uint8Array[] {
    return this.#sent.flatMap((parts) => bodyOf(Buffer.concat(parts)) ?? []);
  }

  /** To be called once the sources are gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#serving;
  }

  async #serve(): Promise<void> {
    const pairs: Promise<void>[] = [];
    for await (const source of this.#listener) pairs.push(this.#connect(source));
    await Promise.all(pairs);
  }

  async #connect(source: Deno.TcpConn): Promise<void> {
    using near = source;
    using far = await Deno.connect({ hostname: "127.0.0.1", port: this.#port });
    const kept: Uint8Array[] = [];
    this.#sent.push(kept);
    await Promise.allSettled([
      pump(near, far, (bytes) => kept.push(bytes)),
      pump(far, near, () => {}),
    ]);
  }
}

async function pump(
  from: Deno.TcpConn,
  to: Deno.TcpConn,
  keep: (bytes: Uint8Array) => void,
): Promise<void> {
  const buffer = new Uint8Array(4096);
  for (;;) {
    const count = await from.read(buffer);
    if (count === null) return await to.closeWrite();
    keep(buffer.slice(0, count));
    for (let sent = 0; sent < count;) sent += await to.write(buffer.subarray(sent, count));
  }
}

/** What follows the head of a request that publishes with a password; others stand before it. */
function bodyOf(sent: Buffer): Uint8Array | undefined {
  if (!/^[^\n]* (?:HTTP|ICE)\//.test(sent.toString("latin1", 0, MAX_LINE))) {
    return shoutcastBodyOf(sent);
  }
  for (let at = 0; at < sent.length;) {
    const end = sent.indexOf("\r\n\r\n", at) + 4;
    if (end < 4) return undefined;
    const head = sent.toString("latin1", at, end);
    if (/^(?:PUT|SOURCE) [^]*^Authorization: /im.test(head)) {
      const body = sent.subarray(end);
      return /^Transfer-Encoding: chunked/im.test(head) ? unchunked(body) : body;
    }
    at = end;
  }
  return undefined;
}

/** What follows the password and the fields of a source of Shoutcast. */
function shoutcastBodyOf(sent: Buffer): Uint8Array | undefined {
  const [head] = /^[^]*?\r?\n\r?\n/.exec(sent.toString("latin1", 0, MAX_HEAD)) ?? [];
  return head === undefined ? undefined : sent.subarray(head.length);
}

const MAX_LINE = 1024;
const MAX_HEAD = 8192;

function unchunked(body: Buffer): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < body.length;) {
    const start = body.indexOf("\r\n", at) + 2;
    const size = parseInt(body.toString("latin1", at, start), 16);
    if (start < 2 || !(size > 0)) break;
    parts.push(body.subarray(start, start + size));
    at = start + size + 2;
  }
  return concat(parts);
}
