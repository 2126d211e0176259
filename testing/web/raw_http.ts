/**
 * One HTTP connection, on which requests follow each other byte by byte as given.
 *
 * @module
 */

/** The answer to a request. */
export interface RawAnswer {
  readonly status: number;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** One HTTP connection that stays, for one request after another. */
export class RawHttp implements Disposable {
  readonly #conn: Deno.TcpConn;

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  static async connect(port: number): Promise<RawHttp> {
    return new RawHttp(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  get(path: string): Promise<RawAnswer> {
    return this.send("GET", path, "");
  }

  /** @throws where the server closes the connection, or does not say how long the body is */
  async send(method: string, path: string, body: string, ...fields: string[]): Promise<RawAnswer> {
    const head = [`${method} ${path} HTTP/1.1`, "Host: 127.0.0.1", ...fields];
    head.push(`Content-Length: ${body.length}`);
    const request = new TextEncoder().encode(`${head.join("\r\n")}\r\n\r\n${body}`);
    await this.#conn.write(request);
    let answer = new Uint8Array(65_536);
    for (let size = 0;;) {
      const parsed = parse(answer.subarray(0, size));
      if (parsed !== undefined) return parsed;
      if (size === answer.length) {
        answer = new Uint8Array(await new Blob([answer, answer]).arrayBuffer());
      }
      const length = await this.#conn.read(answer.subarray(size));
      if (length === null) throw new Error(`The connection was closed before ${path} was answered`);
      size += length;
    }
  }

  [Symbol.dispose](): void {
    this.#conn.close();
  }
}

const MAX_HEAD_BYTES = 8192;

/** `undefined` where something is missing. */
function parse(bytes: Uint8Array<ArrayBuffer>): RawAnswer | undefined {
  const text = new TextDecoder("latin1").decode(bytes.subarray(0, MAX_HEAD_BYTES));
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const head = text.slice(0, end);
  const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? NaN);
  if (Number.isNaN(length)) throw new Error(`The answer has no length:\n${head}`);
  const body = bytes.slice(end + 4);
  return body.length < length ? undefined : { status: Number(head.split(" ")[1]), body };
}
