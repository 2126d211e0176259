/** A client of HTTP/1.1 that costs little: one connection, one request at a time. */

/** An answer that was read to its end. */
export interface ClientAnswer {
  readonly status: number;
  /** Valid until the next request. */
  readonly body: Uint8Array;
  /** Of head and body. */
  readonly bytes: number;
}

/** A connection that stays open, and on which one request follows the other. */
export class HttpClient implements Disposable {
  readonly #conn: Deno.TcpConn;
  #buffer = new Uint8Array(READ_BYTES);

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  /** @param port of 127.0.0.1 */
  static async connect(port: number): Promise<HttpClient> {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    conn.setNoDelay(true);
    return new HttpClient(conn);
  }

  /**
   * Sends a request and reads its answer.
   * @throws where the answer ends before its length, or tells none
   */
  async ask(request: Uint8Array): Promise<ClientAnswer> {
    for (let at = 0; at < request.length;) at += await this.#conn.write(request.subarray(at));
    return await this.#readAnswer();
  }

  [Symbol.dispose](): void {
    this.#conn.close();
  }

  async #readAnswer(): Promise<ClientAnswer> {
    let [bytes, whole, bodyAt, status] = [0, Infinity, 0, 0];
    while (bytes < whole) {
      const count = await this.#conn.read(this.#spaceFrom(bytes));
      if (count === null) throw new Error("Cannot read the answer: the connection ended");
      bytes += count;
      if (bodyAt > 0) continue;
      const head = decoder.decode(this.#buffer.subarray(0, Math.min(bytes, HEAD_BYTES)));
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) continue;
      const [, length] = /\r\ncontent-length: *(\d+)/i.exec(head.slice(0, end)) ?? [];
      if (length === undefined) throw new Error("Cannot read the answer: it has no length");
      status = Number(head.slice(9, 12));
      bodyAt = end + 4;
      whole = bodyAt + Number(length);
    }
    return { status, body: this.#buffer.subarray(bodyAt, bytes), bytes };
  }

  /** Where the next bytes go, behind so many that have come. */
  #spaceFrom(bytes: number): Uint8Array<ArrayBuffer> {
    if (bytes === this.#buffer.length) {
      const larger = new Uint8Array(2 * bytes);
      larger.set(this.#buffer);
      this.#buffer = larger;
    }
    return this.#buffer.subarray(bytes);
  }
}

/** A GET request for a path of the server. */
export function getRequest(path: string): Uint8Array {
  return new TextEncoder().encode(`GET ${path} HTTP/1.1\r\nHost: bench\r\n\r\n`);
}

/** More than playlists and parts have; it grows where that is too little. */
const READ_BYTES = 16_384;
/** More than any head has. */
const HEAD_BYTES = 2048;
const decoder = new TextDecoder("latin1");
