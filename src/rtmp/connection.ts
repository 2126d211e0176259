/**
 * One encoder that publishes over RTMP: its socket on the one side, its session on the other.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import { SocketWriter } from "../listening/socket_writer.ts";
import { peerHostname, type StreamSocket } from "../listening/stream_socket.ts";
import { Admission } from "../session/admission.ts";
import type { Clock } from "../session/clock.ts";
import type { AdmittedIngest, Doorkeeper, Ingest, Transport } from "../session/ingest.ts";
import type { PublishTarget } from "../session/typed_text.ts";
import type { UnusedMessage } from "./message.ts";
import { RtmpError } from "./rtmp_error.ts";
import { RtmpSession } from "./rtmp_session.ts";

/** Memory and reads are weighed here: an audio publisher sends some 20 kB a second. */
const READ_BUFFER_SIZE = 4096;
/** Answers that wait for a peer to read them; the whole dialogue is 1 kB and the handshake 3 kB. */
const MAX_UNSENT = 16_384;
/** How long a connection that is being closed may take to send its last answer and see the end. */
const LINGER_MS = 2000;

const logger = getLogger(["echo", "rtmp"]);

export interface RtmpConnectionOptions {
  readonly doorkeeper: Doorkeeper;
  readonly clock: Clock;
  /** Milliseconds of silence that end the connection; the other limits follow from it. */
  readonly timeoutMs: number;
  /** Whether encoders are told that they may be asked to reconnect; default: no. */
  readonly asksToReconnect?: boolean | undefined;
}

/** One connection that speaks RTMP: reads into its session, writes what that answers. */
export class RtmpConnection implements Transport {
  readonly protocol = "rtmp";
  readonly address: string;
  readonly #port: number;
  readonly #socket: StreamSocket;
  readonly #writer: SocketWriter;
  readonly #doorkeeper: Doorkeeper;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #session: RtmpSession;
  readonly #openedAt: number;
  #heardAt: number;
  /** The last time it was known to publish, or opened. */
  #publishingAt: number;
  /** Why the connection ends; set once, and then nothing more is taken or answered. */
  #why: string | undefined;
  #refused = false;
  #endedAt = 0;
  /** Of its last publish. */
  #admission: Admission | undefined;
  /** Where the last publish went that was let in. */
  #published: AdmittedIngest | undefined;
  /** Messages that were passed over, or used in part only. */
  #unused = 0;

  constructor(socket: StreamSocket, options: RtmpConnectionOptions) {
    const { doorkeeper, clock, timeoutMs, asksToReconnect } = options;
    this.#socket = socket;
    this.#writer = new SocketWriter({
      socket,
      maxUnsent: MAX_UNSENT,
      onFull: () => this.abort("does not read its answers"),
      onError: (error) => this.abort(`connection lost: ${messageOf(error)}`),
    });
    this.#doorkeeper = doorkeeper;
    this.address = peerHostname(socket);
    this.#port = socket.remoteAddr.port;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#openedAt = this.#heardAt = this.#publishingAt = clock.awake();
    this.#session = new RtmpSession({
      publish: (target) => this.#publish(target),
      send: (bytes) => this.#writer.send(bytes),
      onUnused: (message) => this.#countUnused(message),
      asksToReconnect,
    });
  }

  /** Serves the connection until its socket is closed. Never rejects. */
  async run(): Promise<void> {
    try {
      this.#socket.setNoDelay?.(true);
      this.#socket.setKeepAlive?.(true);
      const buffer = new Uint8Array(READ_BUFFER_SIZE);
      for (;;) {
        const count = await this.#socket.read(buffer);
        if (count === null) break;
        const now = this.#clock.monotonic();
        this.#heardAt = this.#clock.awake(now);
        if (this.#why === undefined) this.#feed(buffer.subarray(0, count), now);
        while (this.#pauseMs > 0) await this.#pause(this.#pauseMs);
      }
      const publishing = this.#session.state === "publishing";
      this.#end(publishing ? "closed while publishing" : "closed by the encoder");
    } catch (error) {
      // Where the end was ours, this is only the read that it interrupted.
      this.#end(`connection lost: ${messageOf(error)}`);
    }
    this.abort("");
    await this.#writer.idle;
    this.#log();
  }

  /** How long nothing is to be read: TCP makes the encoder wait. */
  get #pauseMs(): number {
    return this.#why === undefined ? this.#admission?.pauseMs ?? 0 : 0;
  }

  async #pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => this.#clock.after(ms, resolve));
    this.#heardAt = this.#clock.awake();
  }

  readAtOnce(): void {
    this.#socket.setCoalesced?.(false);
  }

  requestReconnect(host: string, port: number): boolean {
    return this.#why === undefined && this.#session.requestReconnect(host, port);
  }

  /** The session lets this connection go: the encoder is told why. */
  close(why: string): void {
    this.#session.dismiss(why);
    this.#end(why);
  }

  /** Closes the socket at once, whatever was still to be sent. */
  abort(why: string): void {
    this.#end(why);
    this.#writer.close();
  }

  /**
   * Ends the connection where it has been too slow or too silent. One that publishes may be read
   * together with others from now on. To be called now and then.
   */
  checkTimeouts(): void {
    const clock = this.#clock;
    const { state } = this.#session;
    if (state === "publishing") {
      this.#publishingAt = clock.awake();
      this.#socket.setCoalesced?.(true);
    } else if (state === "asking") {
      // Then the server makes it wait: it is not silent by itself.
      this.#heardAt = this.#publishingAt = clock.awake();
    }
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

  #publish(target: PublishTarget): Ingest {
    const admission = new Admission({
      clock: this.#clock,
      doorkeeper: this.#doorkeeper,
      audioTimeoutMs: this.#timeoutMs,
      seen: () => this.#session.seen,
      request: () => ({ ...target, transport: this }),
      onAdmitted: (ingest) => {
        this.#published = ingest;
        this.#guard(() => this.#session.accept());
      },
      onRefused: (why) => this.#guard(() => this.#session.refuse(why)),
    });
    this.#admission = admission;
    admission.enter();
    return admission;
  }

  #feed(bytes: Uint8Array, arrivedAt: number): void {
    try {
      this.#session.feed(bytes, arrivedAt);
    } catch (error) {
      this.#fail(error);
    }
  }

  #guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** What the session throws ends the connection. */
  #fail(error: unknown): void {
    this.#refused = true;
    if (error instanceof RtmpError) return this.#end(error.message);
    logger.error("RTMP connection from {address} met a bug: {error}", {
      address: this.address,
      error,
    });
    this.#end("internal error");
  }

  /** Ends the session; the socket closes once the answers are out and the peer has seen them. */
  #end(why: string): void {
    if (this.#why !== undefined) return;
    this.#why = why;
    this.#endedAt = this.#clock.awake();
    this.#session.close();
    this.#writer.finish();
    this.readAtOnce();
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
