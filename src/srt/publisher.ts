/**
 * One encoder that publishes over SRT: its connection on the one side, its session on the other.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import {
  messagesLost,
  type SrtConnection,
  type SrtConnectionHandler,
  type SrtError,
  type SrtMessageControl,
  type SrtStatistics,
} from "../../ffi/srt.ts";
import { UnsupportedAudio } from "../audio/unsupported_audio.ts";
import { Admission } from "../session/admission.ts";
import type { Clock } from "../session/clock.ts";
import {
  type AdmittedIngest,
  type Doorkeeper,
  type LinkQuality,
  type PublishRequest,
  type Transport,
} from "../session/ingest.ts";
import { tagsOf } from "../session/tags.ts";
import { Payload } from "./payload.ts";
import { isRefusal, refusalText } from "./refusal.ts";

/**
 * An encoder that sends faster than real time loses what is further ahead than this: SRT does not
 * make senders wait.
 */
const MAX_AHEAD_MS = 10_000;

const logger = getLogger(["echo", "srt"]);

/** What differs between the shared listener and those of single sessions. */
export interface PublisherOptions {
  /** Whose port it came to; `undefined` on the shared listener. */
  readonly session: { readonly id: number; readonly name: string } | undefined;
  /** Who says whether it may come in. */
  readonly doorkeeper: Doorkeeper;
  /**
   * What it asks for; called once.
   * @throws {SrtRefusal}
   */
  readonly request: (publisher: SrtPublisher) => PublishRequest;
  /** Called once, when the connection is closed. */
  readonly onEnd: (publisher: SrtPublisher) => void;
}

export interface SrtPublisherOptions extends PublisherOptions {
  readonly clock: Clock;
  /** Milliseconds of silence that end the connection, and within which audio has to come. */
  readonly timeoutMs: number;
}

/** One SRT connection: its messages become frames of the session that it was let into. */
export class SrtPublisher implements Transport, SrtConnectionHandler {
  readonly protocol = "srt";
  readonly address: string;
  readonly connection: SrtConnection;
  readonly #options: SrtPublisherOptions;
  readonly #payload: Payload;
  readonly #admission: Admission;
  #heardAt: number;
  /** Where it was let in. */
  #published: AdmittedIngest | undefined;
  /** Number of the last message. */
  #messageNumber: number | undefined;
  #messages = 0;
  #lost = 0;
  #tooEarly = 0;
  /** Why the connection ended; set once, and then nothing more is taken. */
  #why: string | undefined;

  constructor(connection: SrtConnection, options: SrtPublisherOptions) {
    this.connection = connection;
    this.address = connection.peer.hostname;
    this.#options = options;
    this.#heardAt = options.clock.awake();
    const admission = new Admission({
      clock: options.clock,
      doorkeeper: options.doorkeeper,
      audioTimeoutMs: options.timeoutMs,
      seen: () => this.#payload.seen,
      request: () => options.request(this),
      onAdmitted: (ingest) => this.#published = ingest,
      onRefused: (why) => this.#fail(why),
    });
    this.#admission = admission;
    this.#payload = new Payload({
      configure: (config) => admission.configure(config),
      write: (data, timeMs) => this.#write(data, timeMs),
      metadata: (texts, timeMs) => {
        const tags = tagsOf({ ...texts });
        if (tags !== undefined) admission.metadata(tags, timeMs);
      },
      bad: (count) => admission.bad(count),
      lost: (frames) => admission.lost(frames),
    });
  }

  /** Whether it has been let into a session. */
  get admitted(): boolean {
    return this.#admission.admitted;
  }

  /** libsrt's counters, of this moment or of the connection's end; `undefined` where it was short. */
  get statistics(): SrtStatistics | undefined {
    return this.connection.statistics;
  }

  get link(): LinkQuality | undefined {
    const { statistics } = this;
    if (statistics === undefined) return undefined;
    const { roundTripMs, packetsReceived, packetsRetransmitted, packetsDropped } = statistics;
    const sent = Math.max(1, packetsReceived - packetsRetransmitted + packetsDropped);
    return { roundTripMs, lossPercent: Math.min(100, 100 * statistics.packetsLost / sent) };
  }

  get tooEarly(): number {
    return this.#tooEarly;
  }

  /** Asks whether it may come in; where this is not called, its first access unit does. */
  enter(): void {
    this.#admission.enter();
  }

  onMessage(message: Uint8Array, control: SrtMessageControl): void {
    if (this.#why !== undefined) return;
    this.#heardAt = this.#options.clock.awake();
    try {
      this.#messages++;
      this.#countLost(control.messageNumber);
      this.#payload.feed(message);
    } catch (error) {
      this.#fail(error);
    }
  }

  onClose(error: SrtError): void {
    if (this.#why !== undefined) return;
    try {
      this.#payload.flush();
    } catch (error) {
      this.#fail(error);
    }
    this.#end(`the encoder is gone: ${error.reason}`);
  }

  /** Closes the connection at once. */
  close(why: string): void {
    this.#end(why);
  }

  /** Ends the connection where it has been silent for too long; to be called now and then. */
  checkTimeouts(): void {
    const { clock, timeoutMs } = this.#options;
    if (clock.waited(this.#heardAt) >= timeoutMs) {
      this.#end(`silent for ${timeoutMs / 1000} s`);
    }
  }

  #write(data: Uint8Array, timeMs: number | undefined): void {
    if (this.#why !== undefined) return;
    if (this.#admission.aheadMs > MAX_AHEAD_MS) this.#dropEarly();
    else this.#admission.write(data, timeMs);
  }

  #dropEarly(): void {
    if (this.#tooEarly++ === 0) {
      logger.warn("The encoder sends faster than real time: what is too far ahead is dropped", {
        name: this.#published?.sessionName,
        id: this.#published?.sessionId,
      });
    }
    this.#admission.dropped(1);
  }

  /** libsrt numbers messages without gaps: those that are missing it has given up. */
  #countLost(messageNumber: number): void {
    const before = this.#messageNumber;
    this.#messageNumber = messageNumber;
    const lost = before === undefined ? 0 : messagesLost(before, messageNumber);
    if (lost === 0) return;
    this.#lost += lost;
    this.#admission.dropped(lost);
    this.#payload.lost(lost);
  }

  #fail(error: unknown): void {
    if (this.#why !== undefined) return;
    if (error instanceof UnsupportedAudio) {
      this.#admission.reject(`unsupported audio: ${error.message}`);
    } else if (isRefusal(error)) {
      const isShared = this.#options.session === undefined;
      this.#end(refusalText(error, isShared ? this.connection.streamId : undefined), "warn");
    } else {
      logger.error("SRT connection from {address} met a bug: {error}", {
        address: this.address,
        error,
      });
      this.#end("internal error", "warn");
    }
  }

  #end(why: string, level: "info" | "warn" = "info"): void {
    if (this.#why !== undefined) return;
    this.#why = why;
    this.connection.sampleStatistics();
    this.connection.close();
    this.#admission.end("lost");
    this.#log(why, level);
    this.#options.onEnd(this);
  }

  #log(why: string, level: "info" | "warn"): void {
    const { port } = this.connection.peer;
    logger[level]("SRT connection from {address}:{port} ended: {why}{quality}", {
      ...{ address: this.address, port, why, quality: this.#quality() },
      id: this.#published?.sessionId ?? this.#options.session?.id,
      name: this.#published?.sessionName ?? this.#options.session?.name,
    });
  }

  #quality(): string {
    if (this.#messages === 0) return "";
    const dropped = this.#tooEarly === 0 ? "" : `, ${this.#tooEarly} frames too early`;
    const { statistics } = this;
    const line = statistics === undefined ? "" : `, RTT ${statistics.roundTripMs.toFixed(1)} ms, ` +
      `${statistics.packetsLost} lost, ${statistics.packetsRetransmitted} retransmitted`;
    return `; ${this.#messages} packets${line}, ${this.#lost} given up${dropped}`;
  }
}
