/**
 * All that a session's audio goes by, from its connections to its outputs.
 *
 * @module
 */
import type { Clock } from "./clock.ts";
import { Continuity, type StateNeed } from "./continuity.ts";
import type { DeadAirEvents } from "./dead_air.ts";
import type { FallbackEnd, FallbackWhy } from "./events.ts";
import { FallbackChoice } from "./fallback_audio.ts";
import { FallbackPlayer } from "./fallback_player.ts";
import { Feed } from "./feed.ts";
import type { FeedOwner } from "./feed_owner.ts";
import type { FrameSink, SessionEnd } from "./frame_sink.ts";
import { SessionInput } from "./session_input.ts";
import type { SessionPolicy } from "./session_policy.ts";
import type { PlacedTags } from "./tags.ts";

export interface AudioPathOptions extends DeadAirEvents {
  readonly owner: FeedOwner;
  readonly clock: Clock;
  readonly policy: SessionPolicy;
  /** See {@link Feed}. */
  readonly onTags: (tags: PlacedTags) => void;
  /** See {@link SessionInput}. */
  readonly onFirstFrame: () => void;
  /** See {@link SessionInput}. */
  readonly onReject: (why: string) => void;
  /** Something is heard instead of the DJ. */
  readonly onFallback: (why: FallbackWhy) => void;
  /** It is no longer heard. */
  readonly onFallbackEnd: (why: FallbackWhy, end: FallbackEnd) => void;
}

/** Puts together what takes audio in, what is put in where none comes, and the way out. */
export class AudioPath {
  readonly feed: Feed;
  readonly input: SessionInput;
  readonly fallback: FallbackPlayer;
  readonly #continuity: Continuity;
  readonly #holdMs: number;

  constructor(options: AudioPathOptions) {
    const { owner, clock, policy, onTags, onFirstFrame, onReject } = options;
    const { onDeadAir, onSound } = options;
    this.#holdMs = policy.holdMs;
    const feed = this.feed = new Feed(owner, clock, policy.timeline, onTags);
    this.input = new SessionInput({
      ...{ owner, clock, feed, deadAir: policy.deadAir },
      ...{ onFirstFrame, onDeadAir, onSound, onReject },
      onConfigured: () => this.fallback.configured(),
      onFrame: () => this.fallback.arrived(),
    });
    this.#continuity = new Continuity({
      ...{ clock, holdMs: policy.holdMs },
      feed: {
        wait: (frames) => this.fallback.wait(frames),
        catchUp: (mostMs) => feed.catchUp(mostMs),
        cut: () => feed.cut(),
        discontinuity: () => feed.discontinuity(),
      },
      silentForMs: () => this.input.silentForMs,
    });
    const choice = new FallbackChoice(owner, policy.fallback?.source);
    this.fallback = new FallbackPlayer({
      ...{ clock, feed, sound: this.input.sound, stateNeed: this.#continuity.addOutput() },
      silentForMs: () => this.input.silentForMs,
      find: (show) => choice.find(show),
      forMs: policy.fallback?.forMs ?? 0,
      onStart: options.onFallback,
      onEnd: options.onFallbackEnd,
    });
  }

  /** Whether no transport has come within the hold, so that the broadcast stands still. */
  get standsStill(): boolean {
    return this.#continuity.standsStill;
  }

  /** Whether the fallback has stood in for the transport for longer than the hold would last. */
  get outlastsHold(): boolean {
    return this.fallback.standsIn && this.input.silentForMs > this.#holdMs;
  }

  /** Adds an output; see {@link Feed.add}. */
  add(make: (stateNeed: StateNeed) => FrameSink): void {
    this.feed.add(() => make(this.#continuity.addOutput()));
  }

  /** Another connection of `client` takes over. */
  restart(client: string): void {
    this.#continuity.catchUp();
    this.input.restart(client);
  }

  /** Audio is there: for the first time, or again. */
  goOn(): void {
    this.#continuity.goOn();
    this.fallback.resume();
  }

  /** The transport is gone. */
  lose(): void {
    this.fallback.lose();
    if (!this.fallback.standsIn) this.hold();
  }

  /** Nothing stands in for it any more: see {@link Continuity.hold}. */
  hold(): void {
    this.#continuity.hold();
  }

  /** The session is over. After a goodbye, outputs that need it still get silence. */
  end(how: SessionEnd): void {
    this.fallback.end();
    if (how === "finished") {
      this.#continuity.goodbye();
      this.feed.goodbye();
    } else {
      this.#continuity.end();
      this.feed.end(how);
    }
  }
}
