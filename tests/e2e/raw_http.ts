/** One HTTP connection that stays, for one request after another. */
export class RawHttp implements Disposable {
  readonly #conn: Deno.TcpConn;

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  static async connect(port: number): Promise<RawHttp> {
    return new RawHttp(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  get(path: string): Promise<string> {
    return this.send("GET", path, "");
  }

  /** @returns the head of the answer, and as much of its body as came with it */
  async send(method: string, path: string, body: string, ...fields: string[]): Promise<string> {
    const head = [
      `${method} ${path} HTTP/1.1`,
      "Host: 127.0.0.1",
      `Content-Length: ${body.length}`,
      ...fields,
    ];
    await this.#conn.write(new TextEncoder().encode(`${head.join("\r\n")}\r\n\r\n${body}`));
    const buffer = new Uint8Array(65_536);
    const length = await this.#conn.read(buffer) ?? 0;
    return new TextDecoder().decode(buffer.subarray(0, length));
  }

  [Symbol.dispose](): void {
    this.#conn.close();
  }
}
