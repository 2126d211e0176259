/**
 * What a session takes in, from one connection after the other.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import type { AudioConfig } from "../audio/audio_config.ts";
import { type AudioFacts, audioFactsOf } from "./audio_facts.ts";
import type { Clock } from "./clock.ts";
import {
  CHANGE_GAP_MS,
  CHANGES_MS,
  ConfigurationChanges,
  MAX_CHANGES,
} from "./configuration_changes.ts";
import {
  BREAK_MS,
  type DeadAirEvents,
  type DeadAirLimits,
  DeadAirWatch,
  type SoundFacts,
} from "./dead_air.ts";
import type { Feed } from "./feed.ts";
import type { FeedOwner } from "./feed_owner.ts";
import type { Ingest, StreamFacts } from "./ingest.ts";
import { Pace } from "./pace.ts";
import type { Tags } from "./tags.ts";

export interface SessionInputOptions extends DeadAirEvents {
  readonly owner: FeedOwner;
  readonly clock: Clock;
  readonly feed: Feed;
  /** Called where the feed has another configuration. */
  readonly onConfigured: () => void;
  readonly deadAir: DeadAirLimits;
  /** Called for the first frame of each connection, before it is placed. */
  readonly onFirstFrame: () => void;
  /**
   * Called before a frame that is to be heard is placed: for each one while something stands in for the
   * source, or it is dead air, and else when more is known of its sound.
   */
  readonly onFrame: () => void;
  /** Called where what comes cannot be broadcast. */
  readonly onReject: (why: string) => void;
}

/** Hands what comes on to the feed, and knows how it comes: since when not, and how fast. */
export class SessionInput implements Omit<Ingest, "reject" | "end"> {
  readonly #clock: Clock;
  readonly #feed: Feed;
  readonly #deadAir: DeadAirWatch;
  readonly #onFirstFrame: () => void;
  readonly #onFrame: () => void;
  readonly #onReject: (why: string) => void;
  readonly #changes: ConfigurationChanges;
  readonly #pace = new Pace();
  #isFirstFrame = true;
  #heardAt = -Infinity;
  #streamFacts: StreamFacts = {};

  constructor(options: SessionInputOptions) {
    const { owner, clock, feed, onConfigured, onFirstFrame, onFrame, onReject } = options;
    this.#clock = clock;
    this.#feed = feed;
    this.#deadAir = new DeadAirWatch(options.deadAir, options);
    this.#onFirstFrame = onFirstFrame;
    this.#onFrame = onFrame;
    this.#onReject = onReject;
    this.#changes = new ConfigurationChanges({
      onEffect: (config) => {
        feed.configure(config);
        this.#deadAir.configure(config);
        onConfigured();
      },
      onWait: () =>
        logger.warn("changes its configuration again within {seconds} s: silence stands there", {
          ...{ seconds: CHANGE_GAP_MS / 1000, id: owner.id, name: owner.name },
        }),
    });
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

  /** What the audio is; `undefined` before the first frame. */
  get audio(): AudioFacts | undefined {
    const config = this.#changes.inEffect;
    return config && audioFactsOf(config);
  }

  get sound(): Pick<DeadAirWatch, keyof SoundFacts | "soundMs"> {
    return this.#deadAir;
  }

  get streamFacts(): StreamFacts {
    return this.#streamFacts;
  }

  /** Another connection of `client` sends from now on. */
  restart(client: string): void {
    this.#changes.restart(client);
    this.#isFirstFrame = true;
    this.#heardAt = this.#clock.awake();
    this.#feed.restart();
    this.#deadAir.restart();
    this.#pace.restart();
  }

  configure(config: AudioConfig): void {
    this.#changes.tell(config);
  }

  write(
    data: Uint8Array,
    timeMs: number | undefined,
    nowMs: number = this.#clock.monotonic(),
  ): void {
    const verdict = this.#changes.decide(nowMs);
    if (verdict === "too many") return this.#onReject(TOO_MANY_CHANGES);
    const awakeMs = this.#clock.awake(nowMs);
    if (awakeMs - this.#heardAt >= BREAK_MS) this.#deadAir.restart();
    this.#heardAt = awakeMs;
    if (this.#isFirstFrame) {
      this.#isFirstFrame = false;
      this.#onFirstFrame();
    }
    if (verdict === "in effect") {
      if (this.#deadAir.arrived(data) || this.#feed.isStoodIn) this.#onFrame();
      this.#feed.write(data, timeMs, nowMs);
    } else this.#feed.writeMuted(data, timeMs, nowMs, this.#changes.frameMs);
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

const TOO_MANY_CHANGES = `the configuration changed ${MAX_CHANGES} times within ${
  CHANGES_MS / 1000
} s`;

const logger = getLogger(["echo", "session"]);
