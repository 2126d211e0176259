/** One connection of an HTTP server that speaks HTTP/2: requests in, and their answers out. */
import { getLogger } from "@logtape/logtape";
import { Limiter } from "../disk/limiter.ts";
import type { TlsSocket } from "../tls/tls_socket.ts";
import { admitClient } from "./admit_client.ts";
import { hostOf } from "./client_link.ts";
import { fetchRequest, mayHaveBody } from "./fetch_request.ts";
import { bodyOf } from "./http2/http2_body.ts";
import { FrameSender } from "./http2/frame_sender.ts";
import { sendAnswer, sendError } from "./http2/http2_answer.ts";
import { Http2Error } from "./http2/http2_error.ts";
import { requestHead } from "./http2/http2_head.ts";
import { Http2Session } from "./http2/http2_session.ts";
import { type Http2Stream, signalOf } from "./http2/http2_stream.ts";
import { preparedHeader } from "./http2/prepared_header.ts";
import { HttpError } from "./http_error.ts";
import { boundLive } from "./live_feed.ts";
import type { ConnectionInfo, HttpSite, ServedConnection } from "./http_site.ts";
import { Patience } from "./patience.ts";
import { PeerGone } from "./peer_gone.ts";
import type { PreparedAnswer, PreparedAnswers } from "./prepared_answers.ts";
import { fieldText, MAX_FIELDS, MAX_HEAD_BYTES, type RequestHead } from "./request_head.ts";
import { requestUrl } from "./request_target.ts";

const READ_BYTES = 4096;
/**
 * Answers that are made for one client at a time, and held until it takes them. Those that many get
 * are held once for all.
 */
const MAX_ANSWERS = 16;

/** One connection over TLS. Each request has the deadlines that a connection of HTTP/1 has. */
export class Http2Connection implements ServedConnection {
  readonly #socket: TlsSocket;
  readonly #site: HttpSite;
  readonly #info: ConnectionInfo;
  readonly #isProxy: boolean;
  readonly #session: Http2Session;
  readonly #sender: FrameSender;
  /** Of the connection itself, while no request is under way. */
  readonly #patience: Patience;
  /** Of each request. */
  readonly #requests = new Map<Http2Stream, Patience>();
  readonly #answers: Limiter;
  #isLast = false;
  /** A host that there may be a request with. */
  #goodHost: string | undefined;

  constructor(socket: TlsSocket, site: HttpSite) {
    const { remoteAddr } = socket;
    this.#socket = socket;
    this.#site = site;
    this.#isProxy = site.counts.proxies.has(remoteAddr.hostname);
    this.#answers = new Limiter(this.#isProxy ? Infinity : MAX_ANSWERS);
    this.#info = { remoteAddr, client: remoteAddr.hostname };
    this.#patience = new Patience(site.clock);
    this.#sender = new FrameSender(socket, site.clock, () => this.abort());
    this.#session = new Http2Session({
      maxFields: MAX_FIELDS,
      maxBytes: MAX_HEAD_BYTES,
      output: this.#sender,
      onRequest: (stream) => void this.#serve(stream),
    });
  }

  async run(): Promise<void> {
    try {
      const buffer = new Uint8Array(READ_BYTES);
      for (;;) {
        const count = await this.#socket.read(buffer);
        if (count === null) break;
        this.#session.feed(buffer.subarray(0, count));
        this.#awaitHead();
      }
    } catch (error) {
      await this.#giveUp(error);
    }
    this.#session.abandon();
    this.abort();
  }

  end(): void {
    if (this.#isLast) return;
    this.#isLast = true;
    this.#session.leave("NO_ERROR");
    this.#endIfIdle();
  }

  abort(): void {
    this.#socket.close();
  }

  check(): void {
    const { counts } = this.#site;
    if (this.#socket.isClosed) return;
    if (this.#sender.isStuck) {
      counts.refuse("late");
      return this.abort();
    }
    for (const [stream, patience] of this.#requests) {
      if (stream.isAbandoned || stream.isAtConnection || !patience.isOver()) continue;
      counts.refuse("late");
      stream.reset("CANCEL");
    }
    // While requests are under way, their clients are waited for, not the connection's.
    if (this.#requests.size > 0 && !this.#session.isAmidstHead) return;
    if (!this.#patience.isOver()) return;
    if (this.#patience.awaited === "head") counts.refuse("late");
    this.abort();
  }

  /** What the client has to send next; nothing else that it sends lets it wait for longer. */
  #awaitHead(): void {
    const awaited = this.#session.isAmidstHead ? "head" : "next request";
    if (awaited !== this.#patience.awaited) this.#patience.begin(awaited);
  }

  async #serve(stream: Http2Stream): Promise<void> {
    const patience = new Patience(this.#site.clock);
    patience.beginAnswer();
    this.#requests.set(stream, patience);
    try {
      await this.#answer(stream, patience);
    } catch (error) {
      await this.#answerError(stream, patience, error);
    }
    this.#session.finished(stream);
    this.#requests.delete(stream);
    this.#patience.begin("next request");
    if (this.#isLast) this.#endIfIdle();
  }

  async #answer(stream: Http2Stream, patience: Patience): Promise<void> {
    const head = requestHead(stream.fields, !stream.isBodyOver);
    const asked = { head, stream, patience, signal: signalOf(stream) };
    // One at a time is what the connection itself was counted for.
    const isCounted = this.#isProxy || this.#requests.size > 1;
    if (!isCounted) return await this.#answerAdmitted(asked, this.#info);
    const { info, release } = admitClient(this.#site, this.#info.remoteAddr, head);
    await this.#answerAdmitted(asked, info).finally(release);
  }

  async #answerAdmitted(asked: Asked, info: ConnectionInfo): Promise<void> {
    const { prepared } = this.#site;
    if (!this.#isProxy && prepared?.isPlain(asked.head) && this.#isGood(asked.head)) {
      return await this.#answerPlain(asked, prepared);
    }
    await this.#answerByHandler(asked, info);
  }

  /** Whether there may be a request with its host. @throws {HttpError} where that is none */
  #isGood(head: RequestHead): boolean {
    if (head.host === this.#goodHost) return true;
    const { href } = requestUrl(head, { scheme: this.#site.scheme, ownHost: this.#ownHost });
    if (!URL.canParse(href)) return false;
    this.#goodHost = head.host;
    return true;
  }

  /** Answers what depends on the target alone, once that is there or will not be. */
  async #answerPlain(asked: Asked, prepared: PreparedAnswers): Promise<void> {
    const { head: { target }, head, stream, signal } = asked;
    const { client } = this.#info;
    const encodings = fieldText(head, "accept-encoding");
    const ready = prepared.find(target, encodings);
    if (ready !== undefined) return await this.#sendPrepared(asked, ready);
    const coming = prepared.coming(target, encodings, { client, signal });
    // Many may ask for the same at once.
    const endTurn = await (coming ?? prepared.turn(target, encodings));
    try {
      if (stream.isAbandoned) return;
      const answer = prepared.find(target, encodings);
      if (answer !== undefined) return await this.#sendPrepared(asked, answer);
      const info = coming === undefined ? this.#info : { ...this.#info, hasWaited: true };
      await this.#answerByHandler(asked, info, prepared);
    } finally {
      endTurn();
    }
  }

  async #sendPrepared({ head, stream, patience }: Asked, answer: PreparedAnswer): Promise<void> {
    answer.observe(this.#info.client, fieldText(head, "user-agent"));
    patience.begin("reader");
    await stream.sendWhole(preparedHeader(answer, this.#date), answer.body, (bytes) => {
      patience.took(bytes);
    });
  }

  /** @param prepared keeps the answer, where it may be kept */
  async #answerByHandler(
    asked: Asked,
    info: ConnectionInfo,
    prepared?: PreparedAnswers,
  ): Promise<void> {
    const { head: { method, target }, head, stream, patience } = asked;
    const encodings = fieldText(head, "accept-encoding");
    // Before the handler is asked: what it answers with may be another a moment later.
    const contents = prepared?.contentsOf(target, encodings);
    const answer = async () => {
      if (stream.isAbandoned) return undefined;
      const response = await this.#ask(asked, info);
      const date = this.#date;
      if (contents !== undefined) prepared?.keep({ target, encodings, contents }, response, date);
      const onLive = () => boundLive(this.#site.sockets, this.#socket);
      return await sendAnswer(response, stream, { method, date, patience, onLive });
    };
    // What is kept waits for nothing: others may wait for it.
    const sendRest = await (contents === undefined ? this.#answers.run(answer) : answer());
    await sendRest?.();
  }

  #ask(
    { head, stream, patience, signal }: Asked,
    info: ConnectionInfo,
  ): Response | Promise<Response> {
    if (head.target === "*") {
      if (head.method !== "OPTIONS") throw new HttpError(400, "the path is none");
      const headers = { "Server": this.#site.serverName, "Cache-Control": "no-store" };
      return new Response(null, { status: 204, headers });
    }
    const request = fetchRequest(head, {
      scheme: this.#site.scheme,
      ownHost: this.#ownHost,
      body: mayHaveBody(head) ? bodyOf(stream, head, { patience, clock: this.#site.clock }) : null,
      signal,
    });
    return this.#site.handler(request, info);
  }

  async #answerError(stream: Http2Stream, patience: Patience, error: unknown): Promise<void> {
    const { counts, serverName: server } = this.#site;
    if (stream.isAbandoned || error instanceof PeerGone) return;
    try {
      if (error instanceof HttpError && !stream.isBegun) {
        counts.refuse(error.status === 503 ? "address" : "invalid");
        return await sendError(error, stream, { server, date: this.#date, patience });
      }
      this.#log.error("A request of {address} is cut off: {error}", { ...this.#peer, error });
      stream.reset("INTERNAL_ERROR");
    } catch (error) {
      this.#log.debug("{address} is gone: {error}", { ...this.#peer, error: String(error) });
    }
  }

  /** Tells the client why, where it can be told. */
  async #giveUp(error: unknown): Promise<void> {
    if (!(error instanceof Http2Error)) {
      this.#log.debug("{address} is gone: {error}", { ...this.#peer, error: String(error) });
      return;
    }
    this.#site.counts.refuse("invalid");
    this.#log.debug("HTTP/2 of {address} is none: {error}", {
      ...this.#peer,
      error: error.message,
    });
    this.#session.leave(error.code);
    await this.#sender.idle;
  }

  #endIfIdle(): void {
    if (this.#requests.size > 0) return;
    void this.#sender.idle.then(() => this.abort());
  }

  get #date(): string {
    const { date, clock } = this.#site;
    return date.at(clock.now());
  }

  get #ownHost(): string {
    return hostOf(this.#socket.localAddr);
  }

  get #peer(): { readonly address: string } {
    return { address: this.#info.remoteAddr.hostname };
  }

  get #log(): ReturnType<typeof getLogger> {
    return getLogger([...this.#site.category]);
  }
}

/** A request, and how to answer it. */
interface Asked {
  readonly head: RequestHead;
  readonly stream: Http2Stream;
  readonly patience: Patience;
  /** Gives what is aborted when nobody waits for the answer any more. */
  readonly signal: () => AbortSignal;
}
