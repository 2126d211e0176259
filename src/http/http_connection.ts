/** One connection of an HTTP server: its reads, writes and deadlines. */
import { getLogger } from "@logtape/logtape";
import type { Refusal, Release } from "./connection_limits.ts";
import { fetchRequest, mayHaveBody } from "./fetch_request.ts";
import { HttpError } from "./http_error.ts";
import type { ConnectionInfo, HttpSite } from "./http_site.ts";
import { type Outgoing, outgoing } from "./outgoing.ts";
import { orPeerGone, PeerGone } from "./peer_gone.ts";
import { fieldText, type RequestHead } from "./request_head.ts";
import { RequestReader } from "./request_reader.ts";
import { CONTINUE, errorResponse } from "./response_head.ts";
import { type ResponseSink, sendOutgoing } from "./response_writer.ts";

/** What a connection waits for. */
type Awaited = "head" | "body" | "next request" | "answer" | "reader" | "farewell";

/** How many milliseconds at most. */
const DEADLINES: Readonly<Record<Awaited, number>> = {
  head: 10_000,
  body: 10_000,
  "next request": 75_000,
  // A route may take its time.
  answer: Infinity,
  // From the last bytes that were taken.
  reader: 20_000,
  farewell: 2000,
};

/** One TCP connection that speaks HTTP/1: requests in, one after the other, and their answers out. */
export class HttpConnection {
  readonly #conn: Deno.TcpConn;
  readonly #site: HttpSite;
  readonly #reader = new RequestReader();
  readonly #info: ConnectionInfo;
  readonly #isProxy: boolean;
  readonly #sink: ResponseSink;
  #awaited: Awaited = "head";
  #since: number;
  /** No further request is taken. */
  #isLast = false;
  #closed = false;
  /** Ends an answer that goes on by itself. */
  #cancel: (() => void) | undefined;
  /** Gives back what the request has of its client's share. */
  #release: Release | undefined;
  /** What is read while an answer goes on. */
  #ahead: Promise<boolean> | undefined;

  constructor(conn: Deno.TcpConn, site: HttpSite) {
    this.#conn = conn;
    this.#site = site;
    this.#info = { remoteAddr: conn.remoteAddr, client: conn.remoteAddr.hostname };
    this.#isProxy = site.counts.proxies.has(conn.remoteAddr.hostname);
    this.#since = site.clock.awake();
    this.#sink = {
      buffers: site.buffers,
      write: (bytes) => this.#write(bytes),
      onCancel: (cancel) => this.#cancel = cancel,
      watch: () => this.#watch(),
    };
  }

  /** Serves requests until the connection ends. Never rejects. */
  async run(): Promise<void> {
    try {
      this.#conn.setNoDelay(true);
      await this.#serveAll();
    } catch (error) {
      if (!this.#closed) this.#report(error);
    }
    this.abort();
  }

  /** Ends it, once what is asked for already is answered. */
  end(): void {
    this.#isLast = true;
    if (this.#awaited === "head" || this.#awaited === "next request") this.abort();
  }

  /** Ends it at once. */
  abort(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#conn.close();
    this.#cancel?.();
  }

  /** Ends it where its client has taken too long; to be called now and then. */
  check(): void {
    const awaited = this.#awaited;
    if (this.#closed) return;
    if (this.#site.clock.waited(this.#since) < DEADLINES[awaited]) return;
    if (awaited !== "next request" && awaited !== "farewell") this.#site.counts.refuse("late");
    const isHeard = awaited === "body" || (awaited === "head" && !this.#reader.isEmpty);
    if (isHeard) void this.#giveUp(awaited);
    else this.abort();
  }

  async #serveAll(): Promise<void> {
    try {
      for (let answered = 0; !this.#isLast; answered++) {
        const head = await this.#readHead(answered === 0);
        if (head === undefined) return;
        await this.#send(await this.#serve(head));
      }
      if (!this.#reader.isEmpty || !this.#reader.isBodyOver) await this.#sayFarewell();
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      this.#site.counts.refuse(reasonOf(error));
      await this.#write(this.#answerTo(error));
      await this.#sayFarewell();
    } finally {
      this.#release?.();
    }
  }

  /** @returns `undefined` where there is none any more */
  async #readHead(isFirst: boolean): Promise<RequestHead | undefined> {
    for (;;) {
      const head = this.#reader.nextHead();
      if (head !== undefined) return head;
      const awaited = this.#reader.isEmpty && !isFirst ? "next request" : "head";
      if (awaited !== this.#awaited) this.#await(awaited);
      if (!await this.#fill()) return undefined;
    }
  }

  async #serve(head: RequestHead): Promise<Outgoing> {
    this.#await("answer");
    const info = this.#isProxy ? this.#admitClient(head) : this.#info;
    const response = await this.#answer(head, info);
    const { clock, date, buffers } = this.#site;
    const keepAlive = head.keepAlive && this.#reader.isBodyOver && !this.#isLast;
    const options = { buffers, date: date.at(clock.now()) };
    return await outgoing(response, { ...head, keepAlive }, options);
  }

  async #send(answer: Outgoing): Promise<void> {
    if (!answer.keepAlive) this.#isLast = true;
    try {
      await sendOutgoing(answer, this.#sink);
    } catch (error) {
      // In the middle of an answer there is no place for another.
      throw error instanceof HttpError ? new PeerGone(error.message) : error;
    }
    this.#release?.();
    this.#release = undefined;
  }

  #answer(head: RequestHead, info: ConnectionInfo): Response | Promise<Response> {
    if (head.method === "OPTIONS" && head.target === "*") {
      // It asks for the server's options, and there are none (RFC 9110 9.3.7).
      const headers = { "Server": this.#site.serverName, "Cache-Control": "no-store" };
      return new Response(null, { status: 204, headers });
    }
    const body = mayHaveBody(head) ? this.#bodyOf(head) : null;
    const { hostname, port } = this.#conn.localAddr;
    const ownHost = hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
    return this.#site.handler(fetchRequest(head, ownHost, body), info);
  }

  /**
   * Counts a request that came by a proxy as one of its client's.
   * @throws {HttpError} where that one has too many
   */
  #admitClient(head: RequestHead): ConnectionInfo {
    const { counts } = this.#site;
    const { remoteAddr } = this.#info;
    const hops = fieldText(head, "x-forwarded-for");
    const client = counts.proxies.clientOf(remoteAddr.hostname, hops);
    this.#release = counts.share(client);
    if (this.#release !== undefined) return { remoteAddr, client };
    throw new HttpError(503, "too many requests from that address");
  }

  /** It is read as fast as the route takes it. */
  #bodyOf({ expectsContinue }: RequestHead): ReadableStream<Uint8Array<ArrayBuffer>> {
    let isAskedFor = !expectsContinue;
    let since: number | undefined;
    return new ReadableStream({
      pull: async (controller) => {
        since ??= this.#site.clock.awake();
        if (!isAskedFor) await this.#write(CONTINUE);
        isAskedFor = true;
        const piece = await this.#readBody(since);
        if (piece === undefined) controller.close();
        else controller.enqueue(piece);
      },
    }, { highWaterMark: 0 });
  }

  /**
   * @returns `undefined` at its end
   * @throws {HttpError}
   */
  async #readBody(since: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    try {
      for (;;) {
        const piece = this.#reader.nextBody();
        if (piece !== undefined) return new Uint8Array(piece);
        if (this.#reader.isBodyOver) return undefined;
        this.#await("body", since);
        if (!await this.#fill()) throw new PeerGone("in the middle of a body");
      }
    } catch (error) {
      if (!(error instanceof PeerGone)) throw error;
      throw new HttpError(400, "the body is not whole");
    } finally {
      this.#await("answer");
    }
  }

  #await(awaited: Awaited, since: number = this.#site.clock.awake()): void {
    // That is the last of all.
    if (this.#awaited === "farewell") return;
    this.#awaited = awaited;
    this.#since = since;
  }

  /** @returns whether anything came; nothing comes any more otherwise */
  async #fill(): Promise<boolean> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    return await (ahead ?? this.#read());
  }

  async #read(): Promise<boolean> {
    const count = await orPeerGone(this.#conn.read(this.#reader.space));
    if (count === null) return false;
    this.#reader.added(count);
    return true;
  }

  /** Ends the answer that goes on where the client leaves: writing would tell late, or never. */
  #watch(): void {
    this.#ahead ??= this.#read();
    const end = () => this.#cancel?.();
    this.#ahead.then((isThere) => isThere || end(), end);
  }

  async #write(bytes: Uint8Array): Promise<void> {
    if (this.#awaited === "farewell") throw new PeerGone("it is being ended");
    this.#await("reader");
    for (let sent = 0; sent < bytes.length;) {
      sent += await orPeerGone(this.#conn.write(sent === 0 ? bytes : bytes.subarray(sent)));
      this.#await("reader");
    }
    this.#await("answer");
  }

  #answerTo(error: HttpError): Uint8Array {
    const { serverName: server, date, clock } = this.#site;
    return errorResponse(error, { server, date: date.at(clock.now()) });
  }

  /** Tells the client that it took too long. Nothing is read any more, so it is no reset. */
  async #giveUp(awaited: Awaited): Promise<void> {
    this.#isLast = true;
    this.#await("farewell");
    try {
      await this.#conn.write(this.#answerTo(new HttpError(408, `the ${awaited} took too long`)));
    } catch {
      // Whoever is not there is not told.
    }
    this.abort();
  }

  /**
   * Says that nothing comes any more, and takes what still arrives for a moment: closing the socket
   * while bytes are unread would make a reset of it, and the client might lose the answer.
   */
  async #sayFarewell(): Promise<void> {
    this.#await("farewell");
    await orPeerGone(this.#conn.closeWrite());
    const unused = new Uint8Array(4096);
    while (await orPeerGone(this.#conn.read(unused)) !== null);
  }

  #report(error: unknown): void {
    const logger = getLogger([...this.#site.category]);
    const { hostname: address } = this.#info.remoteAddr;
    if (error instanceof PeerGone) {
      logger.debug("HTTP connection from {address} is gone: {error}", {
        address,
        error: error.message,
      });
    } else {
      logger.error("HTTP connection from {address} is cut off: {error}", { address, error });
    }
  }
}

function reasonOf({ status }: HttpError): Refusal {
  if (status === 503) return "address";
  return "invalid";
}
