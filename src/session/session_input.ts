/**
 * What a session takes in, from one connection after the other.
 *
 * @module
 */
import type { AudioConfig } from "../audio/audio_config.ts";
import type { Clock } from "./clock.ts";
import type { Feed } from "./feed.ts";
import type { Ingest, StreamFacts } from "./ingest.ts";
import { Pace } from "./pace.ts";
import type { Tags } from "./tags.ts";

export interface SessionInputOptions {
  readonly clock: Clock;
  readonly feed: Feed;
  /** Called for the first frame of each connection, before it is placed. */
  readonly onFirstFrame: () => void;
}

/** Hands what comes on to the feed, and knows how it comes: since when not, and how fast. */
export class SessionInput implements Omit<Ingest, "end"> {
  readonly #clock: Clock;
  readonly #feed: Feed;
  readonly #onFirstFrame: () => void;
  readonly #pace = new Pace();
  #isFirstFrame = true;
  #heardAt = -Infinity;
  #streamFacts: StreamFacts = {};

  constructor({ clock, feed, onFirstFrame }: SessionInputOptions) {
    this.#clock = clock;
    this.#feed = feed;
    this.#onFirstFrame = onFirstFrame;
  }

  get aheadMs(): number {
    return this.#pace.aheadMs(this.#clock.monotonic());
  }

  /**
   * Milliseconds since the last frame, or since the connection came, on {@link Clock.awake};
   * `Infinity` before.
   */
  get silentForMs(): number {
    return this.#clock.waited(this.#heardAt);
  }

  get streamFacts(): StreamFacts {
    return this.#streamFacts;
  }

  /** Another connection sends from now on. */
  restart(): void {
    this.#isFirstFrame = true;
    this.#heardAt = this.#clock.awake();
    this.#feed.restart();
    this.#pace.restart();
  }

  configure(config: AudioConfig): void {
    this.#feed.configure(config);
  }

  write(data: Uint8Array, timeMs: number | undefined): void {
    if (!this.#feed.configured) throw new Error("Cannot take a frame before its configuration");
    const nowMs = this.#clock.monotonic();
    this.#heardAt = this.#clock.awake(nowMs);
    if (this.#isFirstFrame) {
      this.#isFirstFrame = false;
      this.#onFirstFrame();
    }
    this.#feed.write(data, timeMs, nowMs);
    this.#pace.arrived(this.#feed.sourceMs, nowMs);
  }

  lost(frames: number): void {
    this.#feed.lose(frames);
  }

  bad(count: number): void {
    this.#feed.countBad(count);
  }

  dropped(count: number): void {
    this.#feed.countDropped(count);
  }

  facts(facts: StreamFacts): void {
    this.#streamFacts = facts;
  }

  metadata(tags: Tags, timeMs: number | undefined): void {
    this.#feed.metadata(tags, timeMs);
  }
}
