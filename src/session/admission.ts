/**
 * How a connection gets into a session, the same for all doors: it asks, what it sends is held until
 * that is decided, then it is let in or refused.
 *
 * @module
 */
import type { AudioConfig } from "../audio/audio_config.ts";
import { AudioWatch } from "./audio_watch.ts";
import type { Clock } from "./clock.ts";
import { HeldFrames } from "./held_frames.ts";
import {
  type AdmittedIngest,
  type Doorkeeper,
  type Ingest,
  type IngestEnd,
  PublishRefused,
  type PublishRequest,
  type StreamFacts,
} from "./ingest.ts";
import type { Tags } from "./tags.ts";

export interface AdmissionOptions {
  readonly clock: Clock;
  readonly doorkeeper: Doorkeeper;
  /** A connection of which no audio comes for so many milliseconds is rejected. */
  readonly audioTimeoutMs: number;
  /** What came of it so far that is no audio, in users' words. */
  readonly seen: () => string;
  /**
   * What the connection asks for; called once, when it asks.
   * @throws what `onRefused` is to be told
   */
  readonly request: () => PublishRequest;
  /** Called once it is let in, before what was held is handed on. */
  readonly onAdmitted?: (ingest: AdmittedIngest) => void;
  /** Called behind that, once what was held has been handed on. */
  readonly onHandedOn?: () => void;
  /**
   * Called where it is not let in: the door tells why, and ends the connection.
   * @param why mostly {@link PublishRefused}; anything else that is not the request's is a bug
   */
  readonly onRefused: (why: unknown) => void;
}

/** In this order; `over` follows each of the others. */
type State = "outside" | "asking" | "admitted" | "over";

/**
 * One connection's {@link Ingest}. It asks when it is told to {@link enter}, at the latest with its
 * first frame. Who is gone by the time of the answer takes nobody's place. Who sends no audio does not
 * keep it.
 */
export class Admission implements Ingest {
  readonly #options: AdmissionOptions;
  readonly #held = new HeldFrames();
  readonly #watch: AudioWatch;
  #state: State = "outside";
  #ingest: AdmittedIngest | undefined;
  /** The last configuration that came before it was let in. */
  #config: AudioConfig | undefined;
  /** The last facts that did. */
  #facts: StreamFacts | undefined;
  /** How much did that could not be parsed. */
  #bad = 0;
  /** Why it was rejected before it was let in. */
  #rejection: string | undefined;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    const { clock, audioTimeoutMs, seen } = options;
    this.#watch = new AudioWatch({
      clock,
      timeoutMs: audioTimeoutMs,
      isHeldUp: () => this.#state === "asking" || this.pauseMs > 0,
      onSilent: (why) => this.reject(`${why}, but ${seen()}`),
    });
  }

  /** Whether it has been let into a session. */
  get admitted(): boolean {
    return this.#ingest !== undefined;
  }

  get aheadMs(): number {
    return this.#ingest?.aheadMs ?? 0;
  }

  /**
   * For how many milliseconds a door whose transport makes its sender wait, as TCP does, is to read
   * nothing; then it looks again. 0 where it is to read on.
   */
  get pauseMs(): number {
    if (this.#state === "asking") return this.#held.bytes > MAX_UNDECIDED_BYTES ? LOOK_AGAIN_MS : 0;
    return Math.max(0, Math.min(this.aheadMs - MAX_AHEAD_MS, MAX_PAUSE_MS));
  }

  /** Asks to be let in. Calls after the first one do nothing. */
  enter(): void {
    if (this.#state !== "outside") return;
    this.#state = "asking";
    const request = this.#attempt(this.#options.request);
    if (request === undefined) return;
    const question = this.#attempt(() => this.#options.doorkeeper.ask(request));
    if (question === undefined) return this.#admit(request);
    void question.then(
      (approved) => this.#admit({ ...request, approved }),
      (why) => this.#refuse(why),
    );
  }

  configure(config: AudioConfig): void {
    if (this.#ingest !== undefined) this.#ingest.configure(config);
    else this.#config = config;
  }

  write(data: Uint8Array, timeMs: number | undefined, arrivedAt?: number): void {
    this.#watch.heard();
    if (this.#ingest === undefined) this.#writeUndecided(data, timeMs);
    else this.#ingest.write(data, timeMs, arrivedAt);
  }

  /** Of what is lost before it is let in, nothing is missed. */
  lost(frames: number): void {
    this.#ingest?.lost(frames);
  }

  bad(count: number): void {
    if (this.#ingest !== undefined) this.#ingest.bad(count);
    else this.#bad += count;
  }

  /** As with {@link lost}. */
  dropped(count: number): void {
    this.#ingest?.dropped(count);
  }

  facts(facts: StreamFacts): void {
    if (this.#ingest !== undefined) this.#ingest.facts(facts);
    else this.#facts = facts;
  }

  metadata(tags: Tags, timeMs: number | undefined): void {
    if (this.#ingest !== undefined) this.#ingest.metadata(tags, timeMs);
    else if (this.#state !== "over") this.#held.addTags(tags, timeMs);
  }

  reject(why: string): void {
    if (this.#ingest !== undefined) this.#ingest.reject(why);
    else if (this.#state === "asking") this.#rejection ??= why;
    else this.#refuse(new PublishRefused("no-audio", why));
  }

  end(how: IngestEnd): void {
    this.#close();
    this.#ingest?.end(how);
  }

  #writeUndecided(data: Uint8Array, timeMs: number | undefined): void {
    this.enter();
    if (this.#ingest !== undefined) this.#ingest.write(data, timeMs);
    else if (this.#state === "asking") this.#held.add(this.#config, data, timeMs);
  }

  /** Does nothing where the request was refused, or its connection is gone. */
  #admit(request: PublishRequest): void {
    if (this.#state !== "asking") return;
    const ingest = this.#attempt(() => this.#options.doorkeeper.publish(request));
    if (ingest === undefined) return;
    // Who hears of it may have ended the connection.
    if (this.#state !== "asking") return ingest.end("lost");
    this.#state = "admitted";
    this.#ingest = ingest;
    this.#watch.restart();
    this.#options.onAdmitted?.(ingest);
    this.#attempt(() => this.#handOver(ingest));
    this.#options.onHandedOn?.();
  }

  #handOver(ingest: Ingest): void {
    if (this.#bad > 0) ingest.bad(this.#bad);
    if (this.#facts !== undefined) ingest.facts(this.#facts);
    this.#held.giveTo(ingest);
    if (this.#config !== undefined) ingest.configure(this.#config);
    if (this.#rejection !== undefined) ingest.reject(this.#rejection);
  }

  /** @returns `undefined` also where `step` throws: the connection is refused then */
  #attempt<T>(step: () => T): T | undefined {
    try {
      return step();
    } catch (why) {
      this.#refuse(why);
      return undefined;
    }
  }

  #refuse(why: unknown): void {
    if (this.#state === "over") return;
    this.#close();
    this.#options.onRefused(why);
  }

  #close(): void {
    this.#state = "over";
    this.#held.clear();
    this.#watch.stop();
  }
}

/** What may be held of a sender that can be made to wait … */
const MAX_UNDECIDED_BYTES = 32_768;
/** … and how often it is looked whether it has been answered. */
const LOOK_AGAIN_MS = 100;

/** A sender that is faster than real time is read from again once it is no further ahead than this … */
const MAX_AHEAD_MS = 5000;
/** … and left alone for this long at a time. */
const MAX_PAUSE_MS = 500;
