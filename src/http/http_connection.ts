/** One connection of an HTTP server: requests in, one after the other, and their answers out. */
import { getLogger } from "@logtape/logtape";
import { admitClient } from "./admit_client.ts";
import { ClientLink, type PreparedSource } from "./client_link.ts";
import type { Refusal, Release } from "./connection_limits.ts";
import { fetchRequest, mayHaveBody } from "./fetch_request.ts";
import { HttpError } from "./http_error.ts";
import type { ConnectionInfo, HttpSite, HttpSocket, ServedConnection } from "./http_site.ts";
import { type Outgoing, outgoing } from "./outgoing.ts";
import { PeerGone } from "./peer_gone.ts";
import type { PreparedAnswer, PreparedAnswers } from "./prepared_answers.ts";
import { requestBody } from "./request_body.ts";
import { fieldText, type RequestHead } from "./request_head.ts";
import { errorResponse } from "./response_head.ts";
import { type ResponseSink, sendOutgoing } from "./response_writer.ts";

/** One connection that speaks HTTP/1. */
export class HttpConnection implements ServedConnection {
  readonly #conn: HttpSocket;
  readonly #site: HttpSite;
  readonly #link: ClientLink;
  readonly #info: ConnectionInfo;
  readonly #isProxy: boolean;
  readonly #sink: ResponseSink;
  readonly #repeated: PreparedSource;
  /** No further request is taken. */
  #isLast = false;
  /** Ends an answer that goes on by itself. */
  #cancel: (() => void) | undefined;
  /** Tells the route that makes the answer where the client leaves. */
  #left: AbortController | undefined;
  /** Gives back what the request has of its client's share. */
  #release: Release | undefined;
  /** A Host that there may be a request with. */
  #goodHost: string | undefined;
  /** What the client said that it is, where that was asked for last. */
  #agent = "";
  /** What it said that it takes, in the same request. */
  #encodings = "";

  constructor(conn: HttpSocket, site: HttpSite) {
    this.#conn = conn;
    this.#site = site;
    this.#info = { remoteAddr: conn.remoteAddr, client: conn.remoteAddr.hostname };
    this.#isProxy = site.counts.proxies.has(conn.remoteAddr.hostname);
    this.#link = new ClientLink(conn, site, () => this.#hasLeft());
    this.#sink = {
      buffers: site.buffers,
      write: (bytes) => this.#link.write(bytes),
      feed: (source) => this.#link.feed(source),
      onCancel: (cancel) => this.#cancel = cancel,
      watch: () => this.#link.watch(),
    };
    this.#repeated = {
      next: () => this.#takeRepeated(),
      date: () => site.date.at(site.clock.now()),
      isOver: () => this.#isLast,
    };
  }

  async run(): Promise<void> {
    try {
      this.#conn.setNoDelay?.(true);
      await this.#serveAll();
    } catch (error) {
      if (!this.#link.isClosed) this.#report(error);
    }
    this.abort();
  }

  end(): void {
    this.#isLast = true;
    const { awaited } = this.#link.patience;
    if (awaited === "head" || awaited === "next request") this.abort();
  }

  abort(): void {
    this.#link.close();
  }

  check(): void {
    const { patience, reader, isClosed } = this.#link;
    if (isClosed || !patience.isOver()) return;
    const { awaited } = patience;
    if (awaited !== "next request" && awaited !== "farewell") this.#site.counts.refuse("late");
    const isHeard = awaited === "body" || (awaited === "head" && !reader.isEmpty);
    if (!isHeard) return this.abort();
    this.#isLast = true;
    const late = new HttpError(408, `the ${awaited} took too long`);
    void this.#link.sendAndClose(this.#answerTo(late));
  }

  async #serveAll(): Promise<void> {
    const { reader } = this.#link;
    try {
      while (!this.#isLast) {
        const head = reader.nextHead();
        if (head !== undefined) await this.#serve(head);
        else if (!await this.#readMore()) return;
      }
      if (!reader.isEmpty || !reader.isBodyOver) await this.#link.sayFarewell();
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      this.#site.counts.refuse(reasonOf(error));
      await this.#link.write(this.#answerTo(error));
      await this.#link.sayFarewell();
    } finally {
      this.#release?.();
    }
  }

  /** @returns whether anything came */
  #readMore(): Promise<boolean> {
    const { reader, patience } = this.#link;
    const isBetween = reader.isEmpty && patience.awaited !== "head";
    const awaited = isBetween ? "next request" : "head";
    if (awaited !== patience.awaited) patience.begin(awaited);
    return this.#link.exchange(this.#repeated);
  }

  /** Takes the next request where it is as the last one was, and what it asks for is prepared. */
  #takeRepeated(): PreparedAnswer | undefined {
    const { reader } = this.#link;
    const target = this.#isLast ? undefined : reader.repeatedTarget;
    if (target === undefined) return undefined;
    const answer = this.#site.prepared?.find(target, this.#encodings);
    if (answer === undefined) return undefined;
    reader.passRepeated(target);
    answer.observe(this.#info.client, this.#agent);
    return answer;
  }

  #serve(head: RequestHead): Promise<void> {
    const { prepared } = this.#site;
    const isPlain = prepared !== undefined && !this.#isProxy && prepared.isPlain(head);
    if (!isPlain) return this.#serveByHandler(head, this.#info);
    if (head.host !== this.#goodHost) return this.#serveByHandler(head, this.#info, prepared);
    return this.#servePlain(head, prepared);
  }

  /** Answers what depends on the target alone, once that is there or will not be. */
  async #servePlain(head: RequestHead, prepared: PreparedAnswers): Promise<void> {
    const { reader, patience } = this.#link;
    reader.rememberHead(head);
    this.#agent = fieldText(head, "user-agent");
    this.#encodings = fieldText(head, "accept-encoding");
    patience.beginAnswer();
    const waiting = { client: this.#info.client, signal: () => this.#signal() };
    const coming = prepared.coming(head.target, this.#encodings, waiting);
    const endTurn = await coming;
    try {
      const answer = prepared.find(head.target, this.#encodings);
      if (answer === undefined) {
        const info = coming === undefined ? this.#info : { ...this.#info, hasWaited: true };
        return await this.#serveByHandler(head, info, prepared);
      }
      answer.observe(this.#info.client, this.#agent);
      await this.#link.send(answer, this.#date);
      this.#left = undefined;
    } finally {
      endTurn?.();
    }
  }

  /** @param prepared keeps the answer, where it may be kept */
  async #serveByHandler(
    head: RequestHead,
    direct: ConnectionInfo,
    prepared?: PreparedAnswers,
  ): Promise<void> {
    this.#link.patience.beginAnswer();
    const info = this.#isProxy ? this.#admitClient(head) : direct;
    const encodings = fieldText(head, "accept-encoding");
    const contents = prepared?.contentsOf(head.target, encodings);
    const response = await this.#answer(head, info);
    const date = this.#date;
    if (prepared !== undefined) this.#goodHost = head.host;
    if (contents !== undefined) {
      prepared?.keep({ target: head.target, encodings, contents }, response, date);
    }
    const keepAlive = head.keepAlive && this.#link.reader.isBodyOver && !this.#isLast;
    const options = { buffers: this.#site.buffers, date };
    await this.#send(await outgoing(response, { ...head, keepAlive }, options));
  }

  async #send(answer: Outgoing): Promise<void> {
    if (!answer.keepAlive) this.#isLast = true;
    try {
      await sendOutgoing(answer, this.#sink);
    } catch (error) {
      // In the middle of an answer there is no place for another.
      throw error instanceof HttpError ? new PeerGone(error.message) : error;
    }
    this.#left = undefined;
    this.#release?.();
    this.#release = undefined;
  }

  #answer(head: RequestHead, info: ConnectionInfo): Response | Promise<Response> {
    if (head.method === "OPTIONS" && head.target === "*") {
      // It asks for the server's options, and there are none (RFC 9110 9.3.7).
      const headers = { "Server": this.#site.serverName, "Cache-Control": "no-store" };
      return new Response(null, { status: 204, headers });
    }
    const request = fetchRequest(head, {
      scheme: this.#site.scheme,
      ownHost: this.#link.ownHost,
      body: mayHaveBody(head) ? requestBody(this.#link, this.#site.clock, head) : null,
      signal: () => this.#signal(),
    });
    return this.#site.handler(request, info);
  }

  /**
   * Counts a request that came by a proxy as one of its client's.
   * @throws {HttpError} where that one has too many
   */
  #admitClient(head: RequestHead): ConnectionInfo {
    const { info, release } = admitClient(this.#site, this.#info.remoteAddr, head);
    this.#release = release;
    return info;
  }

  /** Whoever makes an answer asks for it in order to learn that nobody waits for that any more. */
  #signal(): AbortSignal {
    this.#left ??= new AbortController();
    if (this.#link.isClosed) this.#left.abort();
    else if (this.#link.reader.isBodyOver) this.#link.watch();
    return this.#left.signal;
  }

  #hasLeft(): void {
    this.#cancel?.();
    this.#left?.abort();
  }

  get #date(): string {
    return this.#repeated.date();
  }

  #answerTo(error: HttpError): Uint8Array {
    return errorResponse(error, { server: this.#site.serverName, date: this.#date });
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
