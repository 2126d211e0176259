import { getLogger } from "@logtape/logtape";
import {
  messagesLost,
  type SrtConnection,
  type SrtConnectionHandler,
  type SrtError,
  type SrtMessageControl,
  type SrtStatistics,
} from "../../ffi/srt.ts";
import type { AudioConfig } from "../audio/audio_config.ts";
import { UnsupportedAudio } from "../audio/unsupported_audio.ts";
import type { Clock } from "../session/clock.ts";
import {
  type Ingest,
  isAboutWhatWasTyped,
  type LinkQuality,
  PublishRefused,
  type Transport,
} from "../session/ingest.ts";
import { HeldFrames } from "./held_frames.ts";
import { Payload } from "./payload.ts";
import { StreamIdError, streamIdHint } from "./stream_id.ts";

/**
 * An encoder that sends faster than real time loses what is further ahead than this: SRT does not
 * make senders wait.
 */
const MAX_AHEAD_MS = 10_000;

const logger = getLogger(["echo", "srt"]);

export interface SrtPublisherOptions {
  readonly clock: Clock;
  /** Milliseconds of silence that end the connection, and within which audio has to come. */
  readonly timeoutMs: number;
  /**
   * Asks somebody else whether the connection may come in; resolves to whether it is approved,
   * rejects with {@link PublishRefused}.
   * @returns `undefined` where there is nothing to wait for
   * @throws {PublishRefused}
   * @throws {StreamIdError}
   */
  readonly ask: (publisher: SrtPublisher) => Promise<boolean> | undefined;
  /**
   * Lets the connection into a session.
   * @param approved somebody else was asked, and said yes
   * @throws {PublishRefused}
   * @throws {StreamIdError}
   */
  readonly admit: (publisher: SrtPublisher, approved: boolean) => Ingest;
  /** Whose port it came to; `undefined` on the shared listener. */
  readonly session: { readonly id: number; readonly name: string } | undefined;
  /** Called once, when the connection is closed. */
  readonly onEnd: (publisher: SrtPublisher) => void;
}

/** One SRT connection: its messages become frames of the session that it was let into. */
export class SrtPublisher implements Transport, SrtConnectionHandler {
  readonly protocol = "srt";
  readonly address: string;
  readonly connection: SrtConnection;
  readonly #options: SrtPublisherOptions;
  readonly #payload: Payload;
  readonly #openedAt: number;
  #heardAt: number;
  #ingest: Ingest | undefined;
  #asking = false;
  /** What came before it was let in. */
  #config: AudioConfig | undefined;
  #bad = 0;
  #held: HeldFrames | undefined;
  /** Number of the last message. */
  #messageNumber: number | undefined;
  #messages = 0;
  #lost = 0;
  /** Frames too far ahead of real time. */
  #tooEarly = 0;
  /** Why the connection ended; set once, and then nothing more is taken. */
  #why: string | undefined;

  constructor(connection: SrtConnection, options: SrtPublisherOptions) {
    this.connection = connection;
    this.address = connection.peer.hostname;
    this.#options = options;
    this.#openedAt = this.#heardAt = options.clock.awake();
    this.#payload = new Payload({
      configure: (config) => this.#configure(config),
      write: (data, timeMs) => this.#write(data, timeMs),
      bad: (count) => this.#countBad(count),
      lost: (frames) => this.#ingest?.lost(frames),
    });
  }

  /** Whether it has been let into a session. */
  get admitted(): boolean {
    return this.#ingest !== undefined;
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

  /** Lets it in, or closes it; where nobody does, its first access unit does. */
  admit(): void {
    try {
      this.#enter();
    } catch (error) {
      this.#fail(error);
    }
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
    } else if (!this.#payload.audible && clock.waited(this.#openedAt) >= timeoutMs) {
      this.#end(`no audio within ${timeoutMs / 1000} s, but ${this.#payload.seen}`);
    }
  }

  /** @returns `undefined` where somebody is asked first */
  #enter(): Ingest | undefined {
    if (this.#asking) return undefined;
    const question = this.#options.ask(this);
    if (question === undefined) return this.#begin(false);
    this.#asking = true;
    void this.#beginAfter(question);
    return undefined;
  }

  /** Never rejects. Who is gone by the time of the answer takes nobody's place. */
  async #beginAfter(question: Promise<boolean>): Promise<void> {
    try {
      const approved = await question;
      if (this.#why === undefined) this.#begin(approved);
    } catch (error) {
      this.#fail(error);
    }
  }

  #begin(approved: boolean): Ingest {
    const ingest = this.#options.admit(this, approved);
    this.#ingest = ingest;
    if (this.#bad > 0) ingest.bad(this.#bad);
    this.#held?.giveTo(ingest);
    this.#held = undefined;
    if (this.#config !== undefined) ingest.configure(this.#config);
    return ingest;
  }

  #configure(config: AudioConfig): void {
    this.#config = config;
    this.#ingest?.configure(config);
  }

  #write(data: Uint8Array, timeMs: number | undefined): void {
    if (this.#why !== undefined) return;
    const ingest = this.#ingest ?? this.#enter();
    if (ingest === undefined) return this.#hold(data, timeMs);
    if (ingest.aheadMs > MAX_AHEAD_MS) this.#dropEarly(ingest);
    else ingest.write(data, timeMs);
  }

  #hold(data: Uint8Array, timeMs: number | undefined): void {
    this.#held ??= new HeldFrames();
    this.#held.add(this.#config, data, timeMs);
  }

  #dropEarly(ingest: Ingest): void {
    if (this.#tooEarly++ === 0) {
      const { sessionName: name, sessionId: id } = ingest;
      logger.warn("The encoder sends faster than real time: what is too far ahead is dropped", {
        name,
        id,
      });
    }
    ingest.dropped(1);
  }

  #countBad(count: number): void {
    if (this.#ingest === undefined) this.#bad += count;
    else this.#ingest.bad(count);
  }

  /** libsrt numbers messages without gaps: those that are missing it has given up. */
  #countLost(messageNumber: number): void {
    const before = this.#messageNumber;
    this.#messageNumber = messageNumber;
    const lost = before === undefined ? 0 : messagesLost(before, messageNumber);
    if (lost === 0) return;
    this.#lost += lost;
    this.#ingest?.dropped(lost);
    this.#payload.lost(lost);
  }

  #fail(error: unknown): void {
    if (this.#why !== undefined) return;
    if (error instanceof UnsupportedAudio) {
      this.#end(`unsupported audio: ${error.message}`, "warn");
    } else if (error instanceof PublishRefused || error instanceof StreamIdError) {
      this.#end(error.message + this.#hint(error), "warn");
    } else {
      logger.error("SRT connection from {address} met a bug: {error}", {
        address: this.address,
        error,
      });
      this.#end("internal error", "warn");
    }
  }

  /** What the DJ typed, where that may be wrong: to the shared listener, a stream id. */
  #hint(error: Error): string {
    if (this.#options.session !== undefined || !(error instanceof PublishRefused)) return "";
    if (!isAboutWhatWasTyped(error.kind)) return "";
    return `; ${streamIdHint(this.connection.streamId)}`;
  }

  #end(why: string, level: "info" | "warn" = "info"): void {
    if (this.#why !== undefined) return;
    this.#why = why;
    this.connection.sampleStatistics();
    this.connection.close();
    this.#ingest?.end("lost");
    this.#log(why, level);
    this.#options.onEnd(this);
  }

  #log(why: string, level: "info" | "warn"): void {
    const { port } = this.connection.peer;
    logger[level]("SRT connection from {address}:{port} ended: {why}{quality}", {
      ...{ address: this.address, port, why, quality: this.#quality() },
      id: this.#ingest?.sessionId ?? this.#options.session?.id,
      name: this.#ingest?.sessionName ?? this.#options.session?.name,
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
