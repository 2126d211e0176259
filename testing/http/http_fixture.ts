/** An HTTP server whose time is moved by hand, and clients that send any bytes. */
import { Buffer } from "node:buffer";
import { TrustedProxies } from "../../src/http/addresses.ts";
import {
  ConnectionCounts,
  ConnectionLimits,
  type Release,
} from "../../src/http/connection_limits.ts";
import { CountBoard, type LimitValues } from "../../src/http/count_board.ts";
import type { HttpHandler } from "../../src/http/http_site.ts";
import { HttpServer } from "../../src/http/http_server.ts";
import type { SharedContents } from "../../src/http/prepared_answers.ts";
import type { CurrentCertificate } from "../../src/tls/current_certificate.ts";
import { FakeClock } from "../fake_clock.ts";
import { bytesOf } from "./read_requests.ts";

export interface HttpFixtureOptions extends Partial<LimitValues> {
  readonly handler?: HttpHandler;
  readonly proxies?: readonly string[];
  readonly shared?: SharedContents;
  /** Counts all clients as if they came from there: those of this machine have no share. */
  readonly clientsFrom?: string;
  /** Has it speak TLS. */
  readonly certificate?: CurrentCertificate;
}

/** A server on loopback, whose time is moved by hand. */
export class HttpFixture implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly counts: ConnectionCounts;
  readonly server: HttpServer;
  /** What was asked for, as `METHOD URL BODY`. */
  readonly requests: string[] = [];
  readonly #clients: RawClient[] = [];

  constructor(options: HttpFixtureOptions = {}) {
    const { handler, proxies = [], shared, certificate } = options;
    const { maxConnections = 1000, maxPerAddress = 1000 } = options;
    this.counts = countsFor(
      new ConnectionLimits({
        ...{ maxConnections, maxPerAddress, maxTogether: Infinity },
        proxies: new TrustedProxies(proxies),
      }),
      options.clientsFrom,
    );
    this.server = new HttpServer({
      addr: { hostname: "127.0.0.1", port: 0 },
      clock: this.clock,
      handler: handler ?? ((request) => this.#tell(request)),
      serverName: "Test/1",
      category: ["echo", "test"],
      counts: this.counts,
      shared,
      certificate,
    });
    this.server.listen();
  }

  async connect(): Promise<RawClient> {
    const { hostname, port } = this.server.addr;
    return this.#keep(await Deno.connect({ hostname, port }));
  }

  /** @param caCert who is trusted to know the server */
  async connectTls(caCert: string, ...alpnProtocols: string[]): Promise<RawClient> {
    const { port } = this.server.addr;
    const conn = await Deno.connectTls({
      ...{ hostname: "localhost", port, caCerts: [caCert] },
      ...(alpnProtocols.length === 0 ? {} : { alpnProtocols }),
    });
    await conn.handshake();
    return this.#keep(conn);
  }

  #keep(conn: Deno.Conn): RawClient {
    const client = new RawClient(conn);
    this.#clients.push(client);
    return client;
  }

  /** Sends `text` on a connection of its own. @returns all that comes, until the server ends it */
  async exchange(text: string): Promise<string> {
    const client = await this.connect();
    await client.send(text);
    return await client.all();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client[Symbol.dispose]();
    const closed = this.server.close();
    await this.clock.advance(1000);
    await closed;
  }

  async #tell(request: Request): Promise<Response> {
    const body = await request.text();
    const { pathname, search } = new URL(request.url);
    this.requests.push(`${request.method} ${pathname}${search} ${body}`);
    return new Response(`${request.method} ${request.url} ${body}\n`);
  }
}

function countsFor(limits: ConnectionLimits, from: string | undefined): ConnectionCounts {
  if (from === undefined) return limits.addServer("test");
  const { memory, proxies, server, place } = limits.addThreads("test").lend();
  return new CountsFrom(from, new CountBoard(memory), new TrustedProxies(proxies), server, place);
}

/** Counts all clients for one address. */
class CountsFrom extends ConnectionCounts {
  readonly #from: string;

  constructor(from: string, ...counts: ConstructorParameters<typeof ConnectionCounts>) {
    super(...counts);
    this.#from = from;
  }

  override share(): Release | undefined {
    return super.share(this.#from);
  }
}

/** A client that sends what it is told to, and takes what comes. */
export class RawClient implements Disposable {
  readonly conn: Deno.Conn;
  #text = "";
  #closed = false;

  constructor(conn: Deno.Conn) {
    this.conn = conn;
  }

  /** Sends the bytes of a text that has a character each. */
  async send(text: string): Promise<void> {
    const bytes = bytesOf(text);
    for (let sent = 0; sent < bytes.length;) sent += await this.conn.write(bytes.subarray(sent));
  }

  /** All that comes until the server ends the connection; a reset is an end as well. */
  async all(): Promise<string> {
    while (await this.#read());
    return this.#text;
  }

  /** All that has come, once it matches; or until the end. */
  async until(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.#text) && await this.#read());
    return this.#text;
  }

  /** Waits until something more has come, or the end. */
  async more(): Promise<void> {
    await this.#read();
  }

  /** The first `count` answers once they have come whole, each of them with a `Content-Length`. */
  async answers(count: number): Promise<string[]> {
    for (;;) {
      const answers = answersIn(this.#text);
      if (answers.length >= count || !await this.#read()) return answers.slice(0, count);
    }
  }

  [Symbol.dispose](): void {
    if (!this.#closed) this.conn.close();
    this.#closed = true;
  }

  async #read(): Promise<boolean> {
    const buffer = new Uint8Array(1_048_576);
    try {
      const count = await this.conn.read(buffer);
      if (count === null) return false;
      this.#text += Buffer.from(buffer.buffer, 0, count).toString("latin1");
      return true;
    } catch (error) {
      const { ConnectionReset, Interrupted, BadResource, UnexpectedEof } = Deno.errors;
      const ends = [ConnectionReset, Interrupted, BadResource, UnexpectedEof];
      if (ends.some((kind) => error instanceof kind)) {
        return false;
      }
      throw error;
    }
  }
}

/** The answers in a text that are whole, where each tells its length. */
function answersIn(text: string): string[] {
  const answers: string[] = [];
  for (let at = 0;;) {
    const headEnd = text.indexOf("\r\n\r\n", at) + 4;
    if (headEnd < 4) return answers;
    const [, length = "0"] = /\r\ncontent-length: (\d+)/.exec(text.slice(at, headEnd)) ?? [];
    const end = headEnd + Number(length);
    if (end > text.length) return answers;
    answers.push(text.slice(at, end));
    at = end;
  }
}

/** The statuses of answers that came on one connection. */
export function statusesOf(text: string): number[] {
  return [...text.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => Number(status));
}
