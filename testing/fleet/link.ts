/** A stretch of TCP network between two servers, which can be cut. */
import { RenamedBytes } from "./renamed_bytes.ts";

/** Where somebody listens. */
export interface Place {
  readonly hostname: string;
  readonly port: number;
}

const CHUNK_BYTES = 65_536;
/** What ends a connection, by either side or because nobody listens. */
const ENDS = [
  Deno.errors.BadResource,
  Deno.errors.BrokenPipe,
  Deno.errors.ConnectionAborted,
  Deno.errors.ConnectionRefused,
  Deno.errors.ConnectionReset,
  Deno.errors.Interrupted,
  Deno.errors.NotConnected,
];

/**
 * A way to a server by TCP. While it is cut nothing comes through, also not that somebody has gone:
 * it is held until the link is mended, as TCP sends again what was lost.
 */
export class Link implements AsyncDisposable {
  /** Bytes of the server's answers so far. */
  answeredBytes = 0;
  readonly #listener: Deno.TcpListener;
  readonly #to: Place;
  readonly #renamed: ReadonlyMap<string, string>;
  readonly #conns = new Set<Deno.TcpConn>();
  readonly #serving: Promise<void>;
  #mended = Promise.resolve();
  #mend = (): void => {};

  /**
   * @param to the server; the link listens on the same address, on another port
   * @param renamed words in the server's answers, and what stands there instead
   */
  constructor(to: Place, renamed: ReadonlyMap<string, string> = new Map()) {
    this.#to = to;
    this.#renamed = renamed;
    this.#listener = Deno.listen({ hostname: to.hostname, port: 0 });
    this.#serving = this.#serve();
  }

  /** Where it listens. */
  get place(): Place {
    return { hostname: this.#to.hostname, port: this.#listener.addr.port };
  }

  cut(): void {
    this.#mend();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#mended = promise;
    this.#mend = resolve;
  }

  mend(): void {
    this.#mend();
    this.#mended = Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const conn of this.#conns) close(conn);
    this.mend();
    await this.#serving;
  }

  async #serve(): Promise<void> {
    const pairs: Promise<void>[] = [];
    for await (const conn of this.#listener) pairs.push(this.#connect(conn));
    await Promise.all(pairs);
  }

  async #connect(near: Deno.TcpConn): Promise<void> {
    this.#conns.add(near);
    let far: Deno.TcpConn | undefined;
    try {
      await this.#mended;
      const conn = await Deno.connect({ ...this.#to });
      far = conn;
      this.#conns.add(far);
      const renamed = this.#renamed.size === 0 ? undefined : new RenamedBytes(this.#renamed);
      await Promise.all([
        this.#pump(near, far, (bytes) => bytes),
        this.#pump(far, near, (bytes) => {
          this.answeredBytes += bytes.length;
          return renamed?.feed(bytes) ?? bytes;
        }),
      ]);
    } catch (error) {
      if (!ENDS.some((kind) => error instanceof kind)) throw error;
    } finally {
      for (const conn of [near, far]) if (conn !== undefined) close(conn);
      this.#conns.delete(near);
      if (far !== undefined) this.#conns.delete(far);
    }
  }

  async #pump(
    from: Deno.TcpConn,
    to: Deno.TcpConn,
    change: (bytes: Uint8Array) => Uint8Array,
  ): Promise<void> {
    const buffer = new Uint8Array(CHUNK_BYTES);
    for (;;) {
      const count = await from.read(buffer);
      await this.#mended;
      if (count === null) return await to.closeWrite();
      const bytes = change(buffer.subarray(0, count));
      for (let sent = 0; sent < bytes.length;) sent += await to.write(bytes.subarray(sent));
    }
  }
}

/** Closes a connection, unless that has been done. */
function close(conn: Deno.TcpConn): void {
  try {
    conn.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
