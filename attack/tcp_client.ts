/** A TCP connection from an address of one's own choice, which may be as slow or deaf as it likes. */
import { createConnection, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

export interface TcpClientOptions {
  /** Where it comes from, an address of this machine. Default: 127.0.0.1. */
  readonly from?: string;
  /** Whether it reads what comes. Default: yes. */
  readonly reads?: boolean;
  /** What it speaks over TLS (RFC 7301). Default: it does not say. */
  readonly protocol?: string;
  /** Whether it leaves TLS to its caller, where TLS is spoken. */
  readonly isPlain?: boolean;
}

const CONNECT_MS = 5000;

/** Where clients speak TLS. */
export const SECURE_PORTS: Set<number> = new Set();

/** A client that does what it is told, and knows how the server ended it. */
export class TcpClient implements Disposable {
  readonly #socket: Socket;
  /** Bytes that came. */
  received = 0;
  /** The first of them, as text. */
  head = "";
  /** Called with what comes. */
  onData: (data: Uint8Array) => void = () => {};
  /** When the connection ended, on `performance.now()`. */
  endedAt: number | undefined;

  private constructor(socket: Socket, reads: boolean) {
    this.#socket = socket;
    socket.on("close", () => this.endedAt ??= performance.now());
    socket.on("end", () => this.endedAt ??= performance.now());
    if (reads) this.read();
  }

  /** @returns `undefined` where the server does not take the connection */
  static async connect(
    port: number,
    { from = "127.0.0.1", reads = true, protocol, isPlain = false }: TcpClientOptions = {},
  ): Promise<TcpClient | undefined> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const carrier = createConnection({ host: "127.0.0.1", port, localAddress: from });
    const isSecure = SECURE_PORTS.has(port) && !isPlain;
    const protocols = protocol === undefined ? {} : { ALPNProtocols: [protocol] };
    const options = { socket: carrier, rejectUnauthorized: false, ...protocols };
    const socket = isSecure ? connectTls(options) : carrier;
    const timer = setTimeout(() => resolve(false), CONNECT_MS);
    socket.once(isSecure ? "secureConnect" : "connect", () => resolve(true));
    carrier.on("error", () => resolve(false));
    carrier.on("close", () => socket.destroy());
    // Also later: that the server resets the connection is one of the ends it may have.
    socket.on("error", () => resolve(false));
    const isUp = await promise;
    clearTimeout(timer);
    if (isUp) return new TcpClient(socket, reads);
    socket.destroy();
    return undefined;
  }

  /** Whether the server has ended it. */
  get ended(): boolean {
    return this.endedAt !== undefined;
  }

  /** Reads from now on. */
  read(): void {
    this.#socket.on("data", (data: Uint8Array) => {
      this.received += data.length;
      this.onData(data);
      if (this.head.length < 2000) this.head += new TextDecoder().decode(data);
    });
  }

  /** The status of an HTTP answer that came; `undefined` where there is none. */
  get status(): number | undefined {
    const status = /^HTTP\/1\.[01] (\d{3})/.exec(this.head)?.[1];
    return status === undefined ? undefined : Number(status);
  }

  /** Sends, unless the connection is over. */
  send(data: string | Uint8Array): void {
    if (!this.ended) this.#socket.write(data);
  }

  /** Resolves once the server has ended it, or after `ms`. */
  async end(ms: number): Promise<boolean> {
    for (const until = performance.now() + ms; !this.ended && performance.now() < until;) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return this.ended;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

/** Connections of one kind, that are closed together. */
export class Crowd implements Disposable {
  readonly clients: TcpClient[] = [];
  refused = 0;

  /** Connects `count` clients; `fromOf` says from where. */
  static async connect(
    port: number,
    count: number,
    { fromOf = () => "127.0.0.1", reads = true }: {
      readonly fromOf?: (index: number) => string;
      readonly reads?: boolean;
    } = {},
  ): Promise<Crowd> {
    const crowd = new Crowd();
    for (let index = 0; index < count; index += 25) {
      const some = Array.from({ length: Math.min(25, count - index) }, (_, i) => index + i);
      const options = (i: number) => ({ from: fromOf(i), reads });
      const clients = await Promise.all(some.map((i) => TcpClient.connect(port, options(i))));
      for (const client of clients) {
        if (client === undefined) crowd.refused++;
        else crowd.clients.push(client);
      }
    }
    return crowd;
  }

  /** How many the server has ended. */
  get ended(): number {
    return this.clients.filter((client) => client.ended).length;
  }

  send(data: string | Uint8Array): void {
    for (const client of this.clients) client.send(data);
  }

  [Symbol.dispose](): void {
    for (const client of this.clients) client[Symbol.dispose]();
  }
}
