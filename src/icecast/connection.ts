/**
 * One client at the source port: its socket on the one side, its dialogue on the other.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import type { DoorConnection } from "../doors/tcp_door.ts";
import { SocketWriter } from "../listening/socket_writer.ts";
import { peerHostname, type StreamSocket } from "../listening/stream_socket.ts";
import { Admission } from "../session/admission.ts";
import type { Clock } from "../session/clock.ts";
import type {
  AdmittedIngest,
  Doorkeeper,
  Ingest,
  PublishRequest,
  Transport,
} from "../session/ingest.ts";
import type { Tags } from "../session/tags.ts";
import type { PublishTarget } from "../session/typed_text.ts";
import type { LiveSources } from "./live_sources.ts";
import type { MountListeners, MountRequest } from "./mount_listeners.ts";
import type { DialogueOptions, SourceDialogue } from "./source_dialogue.ts";
import { MAX_STATUS_BYTES } from "./status.ts";
import { ThreadShare } from "./thread_share.ts";

/** As much as an RTMP connection reads at a time: a source sends some 20 kB a second. */
const READ_BUFFER_SIZE = 4096;
/** Answers that wait for a peer to read them; the longest, which is the last, tells what is on air. */
const MAX_UNSENT = MAX_STATUS_BYTES + 32_768;
/** How long a connection that is being closed may take to send its last answer and see the end. */
const LINGER_MS = 2000;
/** Who does not publish by then is let go, whatever else he asked for. */
const REQUEST_TIMEOUT_MS = 15_000;

const logger = getLogger(["echo", "icecast"]);

/** What the connections of a door for sources have in common. */
export interface SourceDoor {
  readonly clock: Clock;
  /** Milliseconds of silence that end a source, and within which audio has to come. */
  readonly timeoutMs: number;
  /** Makes the dialogue that is spoken at this door. */
  readonly speak: (options: DialogueOptions) => SourceDialogue;
  /** All that publish by Icecast. */
  readonly sources: LiveSources;
  /** Lets others who may publish tell titles. @returns whether the broadcast is on air */
  readonly tag: (request: PublishRequest, tags: Tags) => Promise<boolean>;
  /**
   * Tells what is on air.
   * @param name the broadcast that is asked for; `undefined`: all
   * @param isItsSource whether the credentials of its source are shown
   * @returns JSON, of {@link MAX_STATUS_BYTES} at most
   */
  readonly status: (name: string | undefined, isItsSource: boolean) => string;
  /** `undefined` where receivers get nothing here. */
  readonly listeners: MountListeners | undefined;
}

/** One connection to the source port. */
export class IcecastConnection implements Transport, DoorConnection {
  readonly protocol = "icecast";
  readonly address: string;
  readonly #socket: StreamSocket;
  readonly #writer: SocketWriter;
  readonly #doorkeeper: Doorkeeper;
  readonly #door: SourceDoor;
  readonly #dialogue: SourceDialogue;
  readonly #share = new ThreadShare();
  #heardAt: number;
  /** Since when it has not published, but for the time that it had to wait. */
  #idleSince: number;
  /** Why the connection ends; set once, and then nothing more is taken or answered. */
  #why: string | undefined;
  #endedAt = 0;
  #admission: Admission | undefined;
  /** Where it was let in. */
  #published: AdmittedIngest | undefined;
  /** Takes it out of the live sources. */
  #leave = () => {};

  constructor(socket: StreamSocket, doorkeeper: Doorkeeper, door: SourceDoor) {
    this.#socket = socket;
    this.#writer = new SocketWriter({
      socket,
      maxUnsent: MAX_UNSENT,
      onFull: () => this.abort("does not read its answers"),
      onError: (error) => this.abort(`connection lost: ${messageOf(error)}`),
    });
    this.#doorkeeper = doorkeeper;
    this.#door = door;
    this.address = peerHostname(socket);
    this.#heardAt = this.#idleSince = door.clock.awake();
    this.#dialogue = door.speak({
      publish: (target) => this.#publish(target),
      tag: (target, tags) => this.#tag(target, tags),
      status: (asked) => {
        return door.status(asked?.name, asked !== undefined && this.#sourceOf(asked) !== undefined);
      },
      listen: (request) => this.#listen(request),
      send: (bytes) => this.#writer.send(bytes),
    });
  }

  /** Serves the connection until its socket is closed, or another one's. Never rejects. */
  async run(): Promise<void> {
    try {
      this.#socket.setNoDelay?.(true);
      this.#socket.setKeepAlive?.(true);
      const buffer = new Uint8Array(READ_BUFFER_SIZE);
      for (;;) {
        const count = await this.#socket.read(buffer);
        if (count === null) break;
        const now = this.#door.clock.monotonic();
        this.#heardAt = this.#door.clock.awake(now);
        const { frames } = this.#dialogue;
        this.#guard(() => this.#dialogue.feed(buffer.subarray(0, count), now));
        if (this.#dialogue.state === "handed over") return;
        const restMs = this.#rest(now, this.#dialogue.frames - frames);
        if (restMs > 0) await this.#pause(restMs);
        while (this.#pauseMs > 0) await this.#pause(this.#pauseMs);
      }
      const publishing = this.#dialogue.state === "publishing";
      this.#end(publishing ? "closed while publishing" : "closed by the client");
    } catch (error) {
      // Where the end was ours, this is only the read that it interrupted.
      this.#end(`connection lost: ${messageOf(error)}`);
    }
    this.abort("");
    await this.#writer.idle;
    this.#log();
  }

  /** Hands the socket over. An answer that is still being written would get between the audio. */
  #listen(request: MountRequest): boolean {
    const { listeners } = this.#door;
    if (listeners === undefined || !this.#writer.isIdle) return false;
    return listeners.serve(request, this.#socket, this.address);
  }

  readAtOnce(): void {
    this.#socket.setCoalesced?.(false);
  }

  /** The session lets this connection go: the source is told why, where there is a way. */
  close(why: string): void {
    this.#dialogue.dismiss(why);
    this.#end(why);
  }

  abort(why: string): void {
    if (this.#dialogue.state === "handed over") return;
    this.#end(why);
    this.#writer.close();
  }

  /** One that publishes may be read together with others from now on. */
  checkTimeouts(): void {
    const { clock, timeoutMs } = this.#door;
    const { state } = this.#dialogue;
    if (state === "publishing") {
      this.#idleSince = clock.awake();
      this.#socket.setCoalesced?.(true);
    } else if (state === "asking" || state === "tagging") {
      // Then the server makes it wait: it is not silent by itself.
      this.#heardAt = this.#idleSince = clock.awake();
    }
    if (this.#why !== undefined) {
      if (clock.waited(this.#endedAt) >= LINGER_MS) this.abort("");
    } else if (state === "publishing" && clock.waited(this.#heardAt) >= timeoutMs) {
      this.#end(`silent for ${timeoutMs / 1000} s`);
    } else if (clock.waited(this.#idleSince) >= REQUEST_TIMEOUT_MS) {
      this.#end(`nothing published within ${REQUEST_TIMEOUT_MS / 1000} s`);
    }
  }

  /** How long nothing is to be read where what has begun at `since` took too long. */
  #rest(since: number, frames: number): number {
    const now = this.#door.clock.monotonic();
    const restMs = this.#share.took(now - since, frames, now);
    return this.#why === undefined ? restMs : 0;
  }

  /** How long nothing is to be read: TCP makes the source wait. */
  get #pauseMs(): number {
    return this.#why === undefined ? this.#admission?.pauseMs ?? 0 : 0;
  }

  async #pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => this.#door.clock.after(ms, resolve));
    this.#heardAt = this.#door.clock.awake();
  }

  #publish(target: PublishTarget): Ingest {
    const admission = new Admission({
      clock: this.#door.clock,
      doorkeeper: this.#doorkeeper,
      audioTimeoutMs: this.#door.timeoutMs,
      seen: () => this.#dialogue.seen,
      request: () => ({ ...target, transport: this }),
      onAdmitted: (ingest) => {
        this.#published = ingest;
        this.#leave = this.#door.sources.add(ingest, target);
        this.#guard(() => this.#dialogue.accept());
      },
      onHandedOn: () => this.#guard(() => this.#dialogue.handedOn()),
      onRefused: (why) => this.#guard(() => this.#dialogue.refuse(why)),
    });
    this.#admission = admission;
    admission.enter();
    return admission;
  }

  /** It acts also where the client is gone before it is answered, as BUTT is. */
  #tag(target: PublishTarget, tags: Tags): void {
    const live = this.#sourceOf(target);
    if (live !== undefined) {
      live.metadata(tags, undefined);
      return this.#dialogue.tagged(true);
    }
    const transport: Transport = {
      protocol: this.protocol,
      address: this.address,
      close: () => {},
    };
    void this.#door.tag({ ...target, transport }, tags).then(
      (isOnAir) => this.#guard(() => this.#dialogue.tagged(isOnAir)),
      (why) => this.#guard(() => this.#dialogue.refuse(why)),
    );
  }

  /** The source whose credentials are shown. */
  #sourceOf(target: PublishTarget): AdmittedIngest | undefined {
    return this.#door.sources.find(target, this.address);
  }

  /** What a step throws is a bug, and ends the connection. */
  #guard(step: () => void): void {
    try {
      if (this.#why === undefined) step();
    } catch (error) {
      logger.error("Connection of a source from {address} met a bug: {error}", {
        ...{ address: this.address, error },
      });
      this.#end("internal error");
    }
    const { end } = this.#dialogue;
    if (end !== undefined) this.#end(end.why);
  }

  /** Ends the dialogue; the socket closes once the answers are out and the peer has seen them. */
  #end(why: string): void {
    if (this.#why !== undefined) return;
    this.#why = why;
    this.#endedAt = this.#door.clock.awake();
    this.#dialogue.close();
    this.#leave();
    this.#writer.finish();
    this.readAtOnce();
  }

  #log(): void {
    const session = { name: this.#published?.sessionName, id: this.#published?.sessionId };
    const why = this.#why;
    const kind = this.#dialogue.end?.kind;
    const level = kind === "refused" ? "warn" : kind === "served" ? "debug" : "info";
    logger[level]("Connection of a source from {address}:{port} ended: {why}", {
      ...{ address: this.address, port: this.#socket.remoteAddr.port, why },
      ...session,
    });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
