/**
 * Finds dead air: that a source sends, and that nothing is to be heard.
 *
 * @module
 */
import type { AudioConfig } from "../audio/audio_config.ts";
import type { LevelMeter } from "../audio/codec.ts";
import { codecOf } from "../audio/codec_of.ts";
import { LevelWindow } from "./level_window.ts";

/** From when on it is dead air. */
export interface DeadAirLimits {
  /**
   * How long audio has to be below {@link belowDb}, in milliseconds; 0: it is never dead air, and all
   * counts as sound.
   */
  readonly afterMs: number;
  /** A level (estimate), in dBFS. */
  readonly belowDb: number;
}

/** Called with what happens. */
export interface DeadAirEvents {
  /** It is dead air from now on; `levelDb` is null for digital silence. */
  readonly onDeadAir: (levelDb: number | null) => void;
  /** It is over. `silentMs` is for how much audio no sound was heard. */
  readonly onSound: (silentMs: number) => void;
}

/** Whether something is to be heard of a source. */
export interface SoundFacts {
  /** Whether it is dead air now. It ends when sound has been heard, not with the connection. */
  readonly isDeadAir: boolean;
  /**
   * The level (estimate) of the last second or two of audio, in dBFS: -Infinity where that is digital silence,
   * `undefined` where it is not known.
   */
  readonly levelDb: number | undefined;
  /** For how many milliseconds of audio there has been no sound; since dead air began, where it is that. */
  readonly silentMs: number;
}

/**
 * What is known of how loud a source is. A frame in a quarter of a second is estimated, one in half a
 * second once it has been loud for a while, and time is that of the audio: a source that sends nothing is another
 * trouble, for others to find. Audio of which the level is not known counts as sound, so that nothing
 * is done to a broadcast that cannot be judged.
 */
export class DeadAirWatch implements SoundFacts {
  readonly #limits: DeadAirLimits;
  readonly #events: DeadAirEvents;
  readonly #window = new LevelWindow(WINDOW_ESTIMATES);
  #meter: LevelMeter | undefined;
  /** The same, where it has to see every frame. */
  #keeper: Required<LevelMeter> | undefined;
  #frameMs = 0;
  /** So many frames from the last estimate to the next. */
  #frames = 0;
  /** How many frames come until the next estimate, that one included. */
  #framesLeft = 0;
  #soundMs = 0;
  /** For how much audio there has been no sound since then. */
  #pauseMs = 0;
  #silentMs = 0;
  /** For how much audio there has been nothing but digital silence. */
  #zeroMs = 0;
  #isDeadAir = false;

  constructor(limits: DeadAirLimits, events: DeadAirEvents) {
    this.#limits = limits;
    this.#events = events;
  }

  get isDeadAir(): boolean {
    return this.#isDeadAir;
  }

  get levelDb(): number | undefined {
    return this.#window.levelDb;
  }

  get silentMs(): number {
    return this.#silentMs;
  }

  /**
   * For how many milliseconds of audio sound has been heard without a break since the connection came.
   * What is shorter than two seconds without sound, as between two sentences, is no break.
   */
  get soundMs(): number {
    return this.#soundMs;
  }

  /**
   * What comes from now on does not continue the sound before: another connection sends, or nothing
   * came for {@link BREAK_MS}.
   */
  restart(): void {
    this.#window.clear();
    this.#await(ESTIMATE_MS);
    this.#soundMs = 0;
    this.#pauseMs = 0;
  }

  /** The configuration of the frames that follow. */
  configure(config: AudioConfig): void {
    const meter = this.#meter = codecOf(config).levelMeter(config);
    this.#keeper = keepsFrames(meter) ? meter : undefined;
    this.#frameMs = config.samplesPerFrame * 1000 / config.sampleRate;
    this.#await(ESTIMATE_MS);
  }

  /**
   * A frame of the source.
   * @returns whether {@link isDeadAir} and {@link soundMs} may have changed, or it is dead air
   */
  arrived(data: Uint8Array): boolean {
    this.#keeper?.take(data);
    if (--this.#framesLeft > 0) return this.#isDeadAir;
    this.#estimate(data);
    return true;
  }

  /** The next estimate is due after so much audio. */
  #await(ms: number): void {
    this.#frames = this.#framesLeft = Math.ceil(ms / (this.#frameMs || ms));
  }

  #estimate(data: Uint8Array): void {
    if (this.#meter === undefined) return;
    const passedMs = this.#frames * this.#frameMs;
    const frameDb = this.#meter.level(data);
    this.#window.add(frameDb);
    const { levelDb } = this.#window;
    const { afterMs, belowDb } = this.#limits;
    const loudDb = belowDb + LOUD_DB;
    const isLoud = (frameDb ?? loudDb) >= loudDb && (levelDb ?? loudDb) >= loudDb;
    this.#await(isLoud && this.#soundMs >= STEADY_MS ? LOUD_ESTIMATE_MS : ESTIMATE_MS);
    const isSound = afterMs === 0 || levelDb === undefined || levelDb >= belowDb;
    if (isSound) this.#hearSound(passedMs);
    else this.#hearSilence(passedMs, levelDb);
  }

  #hearSound(passedMs: number): void {
    this.#soundMs += passedMs;
    this.#pauseMs = 0;
    this.#zeroMs = 0;
    if (!this.#isDeadAir) this.#silentMs = 0;
    else if (this.#soundMs >= OVER_AFTER_MS) {
      const silentMs = this.#silentMs;
      this.#isDeadAir = false;
      this.#silentMs = 0;
      this.#events.onSound(Math.round(silentMs));
    }
  }

  #hearSilence(passedMs: number, levelDb: number): void {
    this.#pauseMs += passedMs;
    if (this.#pauseMs >= BREAK_MS) this.#soundMs = 0;
    this.#silentMs += passedMs;
    this.#zeroMs = levelDb === -Infinity ? this.#zeroMs + passedMs : 0;
    if (this.#isDeadAir) return;
    if (this.#silentMs < this.#limits.afterMs && this.#zeroMs < ZERO_AFTER_MS) return;
    this.#isDeadAir = true;
    this.#events.onDeadAir(levelDb === -Infinity ? null : Math.round(levelDb * 10) / 10);
  }
}

function keepsFrames(meter: LevelMeter): meter is Required<LevelMeter> {
  return meter.take !== undefined;
}

/** One frame is estimated in so much audio, at least. */
const ESTIMATE_MS = 250;
/**
 * The same where the last one and all that count are so much above what would be dead air, in dB, and
 * there has been so much sound: nobody waits for it to last.
 */
const LOUD_ESTIMATE_MS = 500;
const LOUD_DB = 10;
const STEADY_MS = 5000;
/** So many are looked at together: a second, or two while it is loud. */
const WINDOW_ESTIMATES = 4;
/** So much digital silence is dead air, also where less is asked for than silence in general. */
const ZERO_AFTER_MS = 10_000;
/** It is over after so much sound. */
const OVER_AFTER_MS = 2000;
/** So much without sound, in milliseconds, interrupts it. */
export const BREAK_MS = 2000;
