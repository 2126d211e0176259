/**
 * What fallback files hold, and which of them may stand in for a show.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import type { AudioConfig } from "../audio/audio_config.ts";
import { codecOf } from "../audio/codec_of.ts";
import { audioFactsOf } from "./audio_facts.ts";
import type { StandIn } from "./feed.ts";
import type { FeedOwner } from "./feed_owner.ts";

/** The audio of a fallback file, which all sessions share. */
export interface FallbackAudio {
  /** Where the file is. */
  readonly path: string;
  readonly config: AudioConfig;
  /** How many access units there are: one at least. */
  readonly frames: number;
  /** The bytes of the largest access unit. */
  readonly maxBytes: number;
  /** An access unit, from 0 on. */
  frame(index: number): Uint8Array;
}

/** Where fallback files are found. */
export interface FallbackSource {
  /** The files that are meant for the broadcast `name`; the first that fits is played. */
  of(name: string): readonly FallbackAudio[];
}

/** Finds what may stand in for one session. */
export class FallbackChoice {
  readonly #owner: FeedOwner;
  readonly #source: FallbackSource | undefined;
  /** The kind of show for which it was told last that no file fits. */
  #toldOf: string | undefined;

  constructor(owner: FeedOwner, source: FallbackSource | undefined) {
    this.#owner = owner;
    this.#source = source;
  }

  /**
   * The audio that may stand among the access units of `config`; `undefined` where there is none. Where
   * there are files and none of them fits, the log tells it, once a configuration.
   */
  find(config: AudioConfig): FallbackAudio | undefined {
    const files = this.#source?.of(this.#owner.name) ?? [];
    const fitting = files.find((audio) => fits(audio, config));
    const [first] = files;
    if (first !== undefined && fitting === undefined) this.#tellOf(first, kindOf(config));
    return fitting;
  }

  #tellOf({ path, config }: FallbackAudio, show: string): void {
    if (show === this.#toldOf) return;
    this.#toldOf = show;
    const { id, name } = this.#owner;
    logger.warn(
      "its fallback {path} is not played, since it is unlike the show: {file}, and not {show}",
      { id, name, path, file: kindOf(config), show },
    );
  }
}

/** Gives all of a file, again and again. */
export function looped(audio: FallbackAudio): StandIn {
  let next = 0;
  return () => {
    const frame = audio.frame(next);
    next = (next + 1) % audio.frames;
    return frame;
  };
}

/** Whether the decoder of `show` can go on with it. */
export function fits({ config, maxBytes }: FallbackAudio, show: AudioConfig): boolean {
  const codec = codecOf(show);
  return config.codec === show.codec && codec.continuation(show, config) !== undefined &&
    maxBytes <= codec.maxAccessUnitBytes(show);
}

function kindOf(config: AudioConfig): string {
  const { codecs, sampleRate, channels } = audioFactsOf(config);
  return `${config.codec.toUpperCase()} (${codecs}), ${sampleRate} Hz, ${
    channels === 1 ? "1 channel" : `${channels} channels`
  }`;
}

const logger = getLogger(["echo", "session"]);
