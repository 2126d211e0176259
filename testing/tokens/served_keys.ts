/** A key set as an issuer serves it, to a server under test. */

/** Serves a key set over HTTP on a port of its own, until it is disposed of. */
export class ServedKeys implements AsyncDisposable {
  /** What it answers; `undefined`: status 503. */
  text: string | undefined;
  /** How often it was asked. */
  requests = 0;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(text: string) {
    this.text = text;
    const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
    this.#server = Deno.serve(options, () => {
      this.requests++;
      return this.text === undefined
        ? new Response(null, { status: 503 })
        : new Response(this.text, { headers: { "Content-Type": "application/json" } });
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/keys.json`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}
