/**
 * Plays a session's fallback file: when it begins, at what pace, and when the DJ is heard again.
 *
 * @module
 */
import type { AudioConfig } from "../audio/audio_config.ts";
import type { Clock, Timer } from "./clock.ts";
import type { StateNeed } from "./continuity.ts";
import type { DeadAirWatch } from "./dead_air.ts";
import type { FallbackEnd, FallbackWhy } from "./events.ts";
import { type FallbackAudio, fits, looped } from "./fallback_audio.ts";
import type { Feed } from "./feed.ts";

export interface FallbackPlayerOptions {
  readonly clock: Clock;
  readonly feed: Pick<Feed, "config" | "frameMs" | "overdueFrames" | "wait" | "standIn">;
  readonly sound: Pick<DeadAirWatch, "isDeadAir" | "soundMs">;
  /** How long the DJ has sent nothing, as {@link Clock.waited}. */
  readonly silentForMs: () => number;
  /** States by when it has to put in the next frames. */
  readonly stateNeed: StateNeed;
  /** The audio that may stand among the access units of a configuration. */
  readonly find: (show: AudioConfig) => FallbackAudio | undefined;
  /** How long it plays at most, in milliseconds. */
  readonly forMs: number;
  readonly onStart: (why: FallbackWhy) => void;
  readonly onEnd: (why: FallbackWhy, end: FallbackEnd) => void;
}

/**
 * `off`: the DJ is connected, and heard. `due`: he is gone, and the next frames that outputs need are
 * of the file. `used up`: it was played for as long as it may be, and the DJ has not been heard since.
 * `none`: he is gone and no file fits, or the broadcast is over.
 */
type State = "off" | "due" | "playing" | "used up" | "none";

/** What others may know of a {@link FallbackPlayer}. */
export type FallbackFacts = Pick<FallbackPlayer, "playing" | "standsIn">;

/**
 * Decides between the DJ and the fallback file. Where the DJ is gone, or is connected and has sent
 * nothing for {@link BEGIN_MS}, it begins with the first frames that an output needs, and goes on in
 * real time; where there is dead air, with the DJ's next frame. From then on the file's frames take
 * the places of the DJ's, until there were {@link BACK_MS} of sound.
 */
export class FallbackPlayer {
  readonly #options: FallbackPlayerOptions;
  #state: State = "off";
  #why: FallbackWhy = "gone";
  #audio: FallbackAudio | undefined;
  #limit: Timer | undefined;
  /**
   * Since when frames are put in at the pace of real time, on {@link Clock.awake}; `undefined` where
   * they are not.
   */
  #pacedFrom: number | undefined;
  /** Frames that it has given since then. */
  #given = 0;
  /** Whether there was dead air when the last frame arrived. */
  #wasDeadAir = false;

  constructor(options: FallbackPlayerOptions) {
    this.#options = options;
  }

  /** Why it is heard; `undefined` while it is not. */
  get playing(): FallbackWhy | undefined {
    return this.#state === "playing" ? this.#why : undefined;
  }

  /**
   * Whether it stands in for a DJ who is gone, so that the broadcast goes on without a hold: it is
   * heard, or is what listeners hear next.
   */
  get standsIn(): boolean {
    return this.#state === "due" || this.#state === "playing";
  }

  /** The DJ is gone. */
  lose(): void {
    if (this.#state === "playing") return this.#pace();
    if (this.#state !== "off") return;
    this.#audio = this.#find();
    this.#state = this.#audio === undefined ? "none" : "due";
    if (this.#state === "none") return;
    const { clock, stateNeed } = this.#options;
    stateNeed({ at: clock.awake() + BEGIN_MS, frames: () => this.#firstFrames });
  }

  /** The first frame of another connection is there. */
  resume(): void {
    if (this.#state === "due" || this.#state === "none") this.#state = "off";
    this.#wasDeadAir = false;
    this.#stopPace();
  }

  /** A frame of the DJ is there, and about to be placed. */
  arrived(): void {
    const { isDeadAir, soundMs } = this.#options.sound;
    const isFirstOfDeadAir = isDeadAir && !this.#wasDeadAir;
    this.#wasDeadAir = isDeadAir;
    if (this.#state === "off") {
      if (isFirstOfDeadAir) this.#startInDeadAir();
      return;
    }
    if (this.#pacedFrom !== undefined) this.#stopPace();
    if (soundMs < BACK_MS) return;
    if (this.#state === "playing") this.#stop("live");
    this.#state = "off";
  }

  /** The show has another configuration from now on. */
  configured(): void {
    // Another file may stand in where there is dead air.
    this.#wasDeadAir = false;
    const { feed: { config: show } } = this.#options;
    if (this.#state !== "playing" || this.#audio === undefined || show === undefined) {
      // Where none fits, that is told before it is needed.
      this.#find();
    } else if (!fits(this.#audio, show)) {
      this.#stop("live");
      this.#state = "off";
    }
  }

  /** Outputs need `frames` of which nothing has come. */
  wait(frames: number): void {
    const isGone = this.#state === "due" || this.#options.silentForMs() >= BEGIN_MS;
    if (isGone) this.#standIn();
    this.#options.feed.wait(frames);
    if (isGone && this.#state === "playing" && this.#pacedFrom === undefined) this.#pace();
  }

  /** The broadcast is over. */
  end(): void {
    if (this.#state === "playing") this.#stop("over");
    this.#stopPace();
    this.#state = "none";
  }

  #find(): FallbackAudio | undefined {
    const { feed: { config }, find } = this.#options;
    return config && find(config);
  }

  #standIn(): void {
    if (this.#state === "off") this.#audio = this.#find();
    else if (this.#state !== "due") return;
    this.#start("gone");
  }

  #startInDeadAir(): void {
    this.#audio = this.#find();
    if (this.#audio !== undefined) this.#start("dead-air");
  }

  #start(why: FallbackWhy): void {
    const { clock, feed, forMs, onStart } = this.#options;
    const audio = this.#audio;
    if (audio === undefined) return;
    const next = looped(audio);
    feed.standIn = () => {
      this.#given++;
      return next();
    };
    this.#state = "playing";
    this.#why = why;
    this.#limit = clock.after(forMs, () => {
      this.#state = "used up";
      this.#stop("limit");
    });
    onStart(why);
  }

  /** What is heard next is the DJ, or silence. */
  #stop(end: FallbackEnd): void {
    const { feed, onEnd } = this.#options;
    this.#limit?.cancel();
    feed.standIn = undefined;
    this.#stopPace();
    onEnd(this.#why, end);
  }

  /** Puts in frames at the pace of real time from now on. */
  #pace(): void {
    this.#pacedFrom = this.#options.clock.awake();
    this.#given = 0;
    this.#awaitNext();
  }

  #stopPace(): void {
    this.#pacedFrom = undefined;
    this.#options.stateNeed(undefined);
  }

  #awaitNext(): void {
    const { clock, stateNeed } = this.#options;
    stateNeed({ at: clock.awake() + PACE_MS, frames: () => this.#nextFrames() });
  }

  /** Those that have been missed since the DJ's last frame. */
  get #firstFrames(): number {
    return Math.max(1, this.#options.feed.overdueFrames);
  }

  #nextFrames(): number {
    const { clock, feed } = this.#options;
    this.#awaitNext();
    const now = clock.awake();
    const passedMs = now - (this.#pacedFrom ?? now);
    return Math.max(0, Math.floor(passedMs / feed.frameMs) - this.#given);
  }
}

/** So much sound the DJ has sent without a break when he is heard again. */
export const BACK_MS = 3000;
/**
 * So long after a loss it begins where no output needs frames before; so long a DJ who is connected
 * sends nothing before it may begin.
 */
const BEGIN_MS = 2000;
/** How often frames are put in. */
const PACE_MS = 100;
