/**
 * A stretch of TCP network between an encoder and a server, which can be made to stall.
 *
 * @module
 */

/** A network between an encoder and 127.0.0.1:`port`, by TCP, that can be made to stall. */
export class Relay implements AsyncDisposable {
  readonly #listener: Deno.TcpListener;
  readonly #port: number;
  readonly #serving: Promise<void>;
  #released = Promise.resolve();
  #release = (): void => {};

  constructor(port: number) {
    this.#port = port;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#serving = this.#serve();
  }

  /** Where it listens. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** Lets nothing through any more; TCP keeps it. */
  hold(): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#released = promise;
    this.#release = resolve;
  }

  /** Lets everything through again, at once. */
  release(): void {
    this.#release();
  }

  /** To be called once the encoder is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
    this.#listener.close();
    await this.#serving;
  }

  async #serve(): Promise<void> {
    const pairs: Promise<void>[] = [];
    for await (const encoder of this.#listener) pairs.push(this.#connect(encoder));
    await Promise.all(pairs);
  }

  async #connect(encoder: Deno.TcpConn): Promise<void> {
    using near = encoder;
    using far = await Deno.connect({ hostname: "127.0.0.1", port: this.#port });
    await Promise.allSettled([this.#pump(near, far), this.#pump(far, near)]);
  }

  async #pump(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
    const buffer = new Uint8Array(4096);
    for (;;) {
      const count = await from.read(buffer);
      await this.#released;
      if (count === null) return await to.closeWrite();
      for (let sent = 0; sent < count;) sent += await to.write(buffer.subarray(sent, count));
    }
  }
}
