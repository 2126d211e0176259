import { getLogger } from "@logtape/logtape";
import type { Clock } from "../session/clock.ts";
import type { Doorkeeper, Ingest, PublishRequest, Transport } from "../session/ingest.ts";
import { RtmpError } from "./rtmp_error.ts";
import { RtmpSession, type UnusedMessage } from "./rtmp_session.ts";

/** Memory and reads are weighed here: an audio publisher sends some 20 kB a second. */
const READ_BUFFER_SIZE = 4096;
/** Answers that wait for a peer to read them; the whole dialogue is 1 kB and the handshake 3 kB. */
const MAX_UNSENT = 16_384;
/**
 * An encoder that sends faster than real time is read from again once it is no further ahead than
 * this: TCP makes it wait.
 */
const MAX_AHEAD_MS = 5000;
/** How long it is left alone at a time. */
const MAX_PAUSE_MS = 500;
/** What an encoder may send before its publish is answered; it is read from no further then. */
const MAX_HELD_BYTES = 32_768;
/** How often it is looked whether it has been answered. */
const HELD_PAUSE_MS = 100;
/** How long a connection that is being closed may take to send its last answer and see the end. */
const LINGER_MS = 2000;

const logger = getLogger(["echo", "rtmp"]);

export interface RtmpConnectionOptions {
  readonly doorkeeper: Doorkeeper;
  readonly clock: Clock;
  /** Milliseconds of silence that end the connection; the other limits follow from it. */
  readonly timeoutMs: number;
}

/** One TCP connection that speaks RTMP: reads into its session, writes what that answers. */
export class RtmpConnection implements Transport {
  readonly protocol = "rtmp";
  readonly address: string;
  readonly #port: number;
  readonly #conn: Deno.TcpConn;
  readonly #doorkeeper: Doorkeeper;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #session: RtmpSession;
  readonly #openedAt: number;
  #heardAt: number;
  /** The last time it was known to publish, or opened. */
  #publishingAt: number;
  #unsent: Uint8Array[] = [];
  #unsentBytes = 0;
  #writing: Promise<void> | undefined;
  /** Why the connection ends; set once, and then nothing more is taken or answered. */
  #why: string | undefined;
  #refused = false;
  #endedAt = 0;
  /** The socket is. */
  #closed = false;
  #published: Ingest | undefined;
  /** Messages that were passed over, or used in part only. */
  #unused = 0;

  constructor(conn: Deno.TcpConn, { doorkeeper, clock, timeoutMs }: RtmpConnectionOptions) {
    this.#conn = conn;
    this.#doorkeeper = doorkeeper;
    // A listener on "::" gives IPv4 peers as IPv6 ones.
    this.address = conn.remoteAddr.hostname.replace(/^::ffff:(?=\d+\.)/, "");
    this.#port = conn.remoteAddr.port;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#openedAt = this.#heardAt = this.#publishingAt = clock.awake();
    this.#session = new RtmpSession({
      publish: (target) => this.#publish({ ...target, transport: this }),
      send: (bytes) => this.#send(bytes),
      onUnused: (message) => this.#countUnused(message),
    });
  }

  /** Serves the connection until its socket is closed. Never rejects. */
  async run(): Promise<void> {
    try {
      this.#conn.setNoDelay(true);
      this.#conn.setKeepAlive(true);
      const buffer = new Uint8Array(READ_BUFFER_SIZE);
      for (;;) {
        const count = await this.#conn.read(buffer);
        if (count === null) break;
        this.#heardAt = this.#clock.awake();
        if (this.#why === undefined) this.#feed(buffer.subarray(0, count));
        while (this.#session.heldBytes > MAX_HELD_BYTES) await this.#pause(HELD_PAUSE_MS);
        while (this.#aheadMs > MAX_AHEAD_MS) await this.#pause(this.#aheadMs - MAX_AHEAD_MS);
      }
      const publishing = this.#session.state === "publishing";
      this.#end(publishing ? "closed while publishing" : "closed by the encoder");
    } catch (error) {
      // Where the end was ours, this is only the read that it interrupted.
      this.#end(`connection lost: ${messageOf(error)}`);
    }
    this.abort("");
    await this.#writing;
    this.#log();
  }

  get #aheadMs(): number {
    return this.#why === undefined ? this.#published?.aheadMs ?? 0 : 0;
  }

  async #pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => this.#clock.after(Math.min(ms, MAX_PAUSE_MS), resolve));
    this.#heardAt = this.#clock.awake();
  }

  /** Takes the session's word that this connection is no longer its transport. */
  close(why: string): void {
    this.#session.dismiss(why);
    this.#end(why);
  }

  /** Closes the socket at once, whatever was still to be sent. */
  abort(why: string): void {
    this.#end(why);
    if (this.#closed) return;
    this.#closed = true;
    this.#conn.close();
  }

  /** Ends the connection where it has been too slow or too silent; to be called now and then. */
  checkTimeouts(): void {
    const clock = this.#clock;
    const { state } = this.#session;
    if (state === "publishing") this.#publishingAt = clock.awake();
    // It is the server that makes it wait.
    else if (state === "asking") this.#heardAt = this.#publishingAt = clock.awake();
    const seconds = this.#timeoutMs / 1000;
    if (this.#why !== undefined) {
      if (clock.waited(this.#endedAt) >= LINGER_MS) this.abort("");
    } else if (clock.waited(this.#heardAt) >= this.#timeoutMs) {
      this.#end(`silent for ${seconds} s`);
    } else if (state === "handshake" && clock.waited(this.#openedAt) >= this.#timeoutMs) {
      this.#end(`handshake not complete within ${seconds} s`);
    } else if (clock.waited(this.#publishingAt) >= 2 * this.#timeoutMs) {
      this.#end(`nothing published within ${2 * seconds} s`);
    }
  }

  /** @returns `undefined` where somebody is asked first */
  #publish(request: PublishRequest): Ingest | undefined {
    const question = this.#doorkeeper.ask(request);
    if (question === undefined) return this.#published = this.#doorkeeper.publish(request);
    void this.#answer(question, request);
    return undefined;
  }

  /** Never rejects. Who is gone by the time of the answer takes nobody's place. */
  async #answer(question: Promise<boolean>, request: PublishRequest): Promise<void> {
    let publish: () => Ingest;
    try {
      const approved = await question;
      publish = () => this.#published = this.#doorkeeper.publish({ ...request, approved });
    } catch (refusal) {
      publish = () => {
        throw refusal;
      };
    }
    this.#guard(() => this.#session.answer(publish));
  }

  #feed(bytes: Uint8Array): void {
    this.#guard(() => this.#session.feed(bytes));
  }

  /** What the session throws ends the connection. */
  #guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#refused = true;
      if (error instanceof RtmpError) {
        this.#end(error.message);
      } else {
        logger.error("RTMP connection from {address} met a bug: {error}", {
          address: this.address,
          error,
        });
        this.#end("internal error");
      }
    }
  }

  /** Ends the session; the socket closes once the answers are out and the peer has seen them. */
  #end(why: string): void {
    if (this.#why !== undefined) return;
    this.#why = why;
    this.#endedAt = this.#clock.awake();
    this.#session.close();
    this.#writing = this.#finishWriting(this.#writing);
  }

  /**
   * Says goodbye with a FIN and leaves the socket to the reading side: closing it while bytes of
   * the peer are unread would make a reset of it, and the peer might lose the last answer.
   */
  async #finishWriting(writing: Promise<void> | undefined): Promise<void> {
    await writing;
    if (this.#closed) return;
    try {
      await this.#conn.closeWrite();
    } catch (error) {
      logger.debug("Cannot shut down a connection: {error}", { error });
    }
  }

  #send(bytes: Uint8Array): void {
    if (this.#why !== undefined) return;
    this.#unsentBytes += bytes.length;
    if (this.#unsentBytes > MAX_UNSENT) return this.abort("does not read its answers");
    this.#unsent.push(bytes);
    this.#writing ??= this.#write();
  }

  async #write(): Promise<void> {
    // Answers to what came in one read go out in one write.
    await Promise.resolve();
    try {
      for (let bytes = this.#takeUnsent(); bytes.length > 0; bytes = this.#takeUnsent()) {
        for (let sent = 0; sent < bytes.length;) {
          sent += await this.#conn.write(bytes.subarray(sent));
        }
      }
    } catch (error) {
      this.abort(`connection lost: ${messageOf(error)}`);
    }
    if (this.#why === undefined) this.#writing = undefined;
  }

  #takeUnsent(): Uint8Array {
    const bytes = new Uint8Array(this.#unsent.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of this.#unsent) {
      bytes.set(part, at);
      at += part.length;
    }
    this.#unsent = [];
    this.#unsentBytes = 0;
    return bytes;
  }

  /** The first one is told; how many there were is told at the end. */
  #countUnused({ type, length, why }: UnusedMessage): void {
    if (this.#unused++ > 0) return;
    logger.info(
      "RTMP connection from {address}:{port} goes on without what cannot be used " +
        "of a message of type {type} and {length} bytes: {why}",
      { address: this.address, port: this.#port, type, length, why },
    );
  }

  #log(): void {
    const unused = this.#unused === 0 ? "" : `; messages of no use: ${this.#unused}`;
    const peer = { address: this.address, port: this.#port, why: `${this.#why}${unused}` };
    const session = { name: this.#published?.sessionName, id: this.#published?.sessionId };
    const level = this.#refused ? "warn" : "info";
    logger[level]("RTMP connection from {address}:{port} ended: {why}", { ...peer, ...session });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
