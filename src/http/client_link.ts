/** The way to a client: what it sends, what it takes, and how long that may last. */
import type { SystemSocket } from "../listening/system_socket.ts";
import type { HttpSite, HttpSocket } from "./http_site.ts";
import type { LiveSource } from "./live_body.ts";
import { boundLive, feedLive } from "./live_feed.ts";
import { Patience } from "./patience.ts";
import { PeerGone } from "./peer_gone.ts";
import type { PreparedAnswer } from "./prepared_answers.ts";
import { RequestReader } from "./request_reader.ts";

/** Gives what is prepared for the requests that have come. */
export interface PreparedSource {
  /** The answer to the next request, which is taken; `undefined` where that is not prepared. */
  next(): PreparedAnswer | undefined;
  /** What `Date` says now. */
  date(): string;
  /** Whether no further request is answered. */
  isOver(): boolean;
}

/** Reads from a client and writes to it, and knows what is waited for meanwhile. */
export class ClientLink {
  readonly reader = new RequestReader();
  readonly patience: Patience;
  readonly #conn: HttpSocket;
  readonly #sockets: HttpSite["sockets"];
  readonly #system: SystemSocket | undefined;
  readonly #onLeft: () => void;
  #isClosed = false;
  /** What is read while an answer goes on. */
  #ahead: Promise<boolean> | undefined;

  /** @param onLeft called where the client is watched and leaves, and where the link is closed */
  constructor(
    conn: HttpSocket,
    { clock, sockets }: Pick<HttpSite, "clock" | "sockets">,
    onLeft: () => void,
  ) {
    this.#conn = conn;
    this.#sockets = sockets;
    this.#system = sockets?.of(conn);
    this.patience = new Patience(clock);
    this.#onLeft = onLeft;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The address and the port at which the client reached the server, as URLs have them. */
  get ownHost(): string {
    return hostOf(this.#conn.localAddr);
  }

  /**
   * Has the reader get what comes next.
   * @returns whether anything came; nothing comes any more otherwise
   * @throws {PeerGone}
   */
  read(): Promise<boolean> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    return ahead ?? this.#read();
  }

  /** Reads on while an answer is made bit by bit, to learn where the client leaves. */
  watch(): void {
    this.patience.comesBitByBit();
    this.#ahead ??= this.#read();
    this.#ahead.then((isThere) => isThere || this.#onLeft(), this.#onLeft);
  }

  /**
   * Has the reader get what comes next, and answers that and what follows as long as it is prepared.
   * Every promise here costs each request: there is one, for what comes next.
   * @returns whether to go on: what has come is not prepared, or the source is over. Otherwise
   *   nothing comes any more
   * @throws {PeerGone}
   */
  async exchange(source: PreparedSource): Promise<boolean> {
    const { reader, patience } = this;
    do {
      if (this.#ahead !== undefined) {
        if (!await this.read()) return false;
      } else {
        try {
          const count = await this.#conn.read(reader.space);
          if (count === null) return false;
          reader.added(count);
        } catch (error) {
          throw PeerGone.because(error);
        }
      }
      let answer = source.next();
      if (answer === undefined) return true;
      for (; answer !== undefined; answer = source.next()) {
        patience.beginAnswer();
        const sending = this.send(answer, source.date());
        if (sending !== undefined) await sending;
      }
      if (source.isOver()) return true;
      patience.begin("next request");
    } while (reader.isEmpty);
    return true;
  }

  /**
   * Sends an answer.
   * @returns `undefined` where the system has taken all of it at once; otherwise resolves when it has
   * @throws {PeerGone}
   */
  send(answer: PreparedAnswer, date: string): Promise<void> | undefined {
    const { patience } = this;
    if (patience.awaited === "farewell") throw new PeerGone("it is being ended");
    const bytes = answer.take(date);
    patience.begin("reader");
    // The descriptor of a connection that is closed may be another one's.
    const sent = this.#isClosed ? 0 : this.#system?.send(bytes, answer.bodyFile) ?? 0;
    if (sent < bytes.length) return this.#sendRest(answer, bytes, sent);
    answer.giveBack(bytes);
    patience.begin("answer");
  }

  /**
   * Resolves once the system has taken `bytes`, which may be used again then.
   * @throws {PeerGone}
   */
  async write(bytes: Uint8Array): Promise<void> {
    const { patience } = this;
    if (patience.awaited === "farewell") throw new PeerGone("it is being ended");
    patience.begin("reader");
    try {
      await this.#writeRest(bytes, 0);
    } catch (error) {
      throw PeerGone.because(error);
    }
    patience.begin("answer");
  }

  /**
   * Sends what `source` gives, without waiting for the client; see {@link feedLive}.
   * @returns `undefined` where the system has no call for that: then the system holds as little of
   *   what is written
   */
  feed(source: LiveSource): Promise<void> | undefined {
    if (this.#system !== undefined) return feedLive(this.#system, source, () => this.#isClosed);
    if (!this.#isClosed) boundLive(this.#sockets, this.#conn);
    return undefined;
  }

  /**
   * Says that nothing comes any more, and takes what still arrives for a moment: closing the socket
   * while bytes are unread would make a reset of it, and the client might lose the answer.
   * @throws {PeerGone}
   */
  async sayFarewell(): Promise<void> {
    this.patience.begin("farewell");
    try {
      await this.#conn.closeWrite();
      const unused = new Uint8Array(4096);
      while (await this.#conn.read(unused) !== null);
    } catch (error) {
      throw PeerGone.because(error);
    }
  }

  /** Sends `bytes` as the last thing, and closes. To be called where nobody reads any more. */
  async sendAndClose(bytes: Uint8Array): Promise<void> {
    this.patience.begin("farewell");
    try {
      await this.#conn.write(bytes);
    } catch {
      // Whoever is not there is not told.
    }
    this.close();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#conn.close();
    this.#onLeft();
  }

  async #sendRest(answer: PreparedAnswer, bytes: Uint8Array, sent: number): Promise<void> {
    try {
      await this.#writeRest(bytes, sent);
      this.patience.begin("answer");
    } catch (error) {
      throw PeerGone.because(error);
    } finally {
      answer.giveBack(bytes);
    }
  }

  async #writeRest(bytes: Uint8Array, from: number): Promise<void> {
    this.patience.took(from);
    for (let sent = from; sent < bytes.length;) {
      const count = await this.#conn.write(sent === 0 ? bytes : bytes.subarray(sent));
      this.patience.took(count);
      sent += count;
    }
  }

  async #read(): Promise<boolean> {
    try {
      const count = await this.#conn.read(this.reader.space);
      if (count === null) return false;
      this.reader.added(count);
      return true;
    } catch (error) {
      throw PeerGone.because(error);
    }
  }
}

/** An address and a port, as URLs have them. */
export function hostOf({ hostname, port }: Deno.NetAddr): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}
