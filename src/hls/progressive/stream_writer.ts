/**
 * Puts frames of a broadcast together to chunks of its endless stream.
 *
 * @module
 */
import type { AudioConfig } from "../../audio/audio_config.ts";
import type { TsFraming } from "../../audio/codec.ts";
import { codecOf } from "../../audio/codec_of.ts";
import type { Tags } from "../../session/tags.ts";

/** A part of an endless stream: whole frames. */
export interface StreamChunk {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Playing time. */
  readonly durationMs: number;
  /** Titles that begin in it, the earliest first. */
  readonly titles: readonly PlacedTitle[];
  /** With its first frame the configuration changes. Who comes later is sent nothing from before. */
  readonly isNew?: boolean;
}

/** What is heard from a frame on. */
export interface PlacedTitle {
  /** Where that frame begins, in bytes. */
  readonly at: number;
  /** Empty where nothing is heard that has a name. */
  readonly title: string;
}

/** Gathers frames until somebody takes them. */
export class StreamWriter {
  #config: AudioConfig | undefined;
  #framing: TsFraming | undefined;
  #frameMs = 0;
  #buffer = new Uint8Array(FIRST_BYTES);
  #length = 0;
  #durationMs = 0;
  #titles: PlacedTitle[] = [];
  /** Whether those who play what was before may not be able to go on. */
  #isNew = false;

  /** The configuration of the frames that follow; those before are to be taken first. */
  configure(config: AudioConfig): void {
    const before = this.#config;
    this.#isNew ||= before !== undefined &&
      codecOf(config).continuation(before, config) === undefined;
    this.#config = config;
    this.#framing = codecOf(config).tsFraming(config);
    this.#frameMs = config.samplesPerFrame * 1000 / config.sampleRate;
  }

  /** The next frame; {@link configure} comes first. */
  write(data: Uint8Array): void {
    const framing = this.#framing;
    if (framing === undefined) return;
    const length = framing.headerBytes + data.length;
    if (this.#length + length > this.#buffer.length) this.#grow(this.#length + length);
    framing.writeHeader(this.#buffer, this.#length, data.length);
    this.#buffer.set(data, this.#length + framing.headerBytes);
    this.#length += length;
    this.#durationMs += this.#frameMs;
  }

  /** What is heard from the next frame on. */
  entitle(tags: Tags): void {
    const title = streamTitle(tags);
    this.#titles = [...this.#titles.filter(({ at }) => at < this.#length), {
      at: this.#length,
      title,
    }];
  }

  /** What was written since the last call; `undefined` where that is nothing. */
  take(): StreamChunk | undefined {
    if (this.#length === 0) return undefined;
    const chunk: StreamChunk = {
      bytes: this.#buffer.slice(0, this.#length),
      durationMs: this.#durationMs,
      titles: this.#titles.filter(({ at }) => at < this.#length),
      isNew: this.#isNew,
    };
    this.#isNew = false;
    this.#titles = this.#titles.filter(({ at }) => at === this.#length).map(atStart);
    this.#length = 0;
    this.#durationMs = 0;
    return chunk;
  }

  #grow(least: number): void {
    const grown = new Uint8Array(Math.max(least, 2 * this.#buffer.length));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
  }
}

/** Title and artist as receivers show them. */
export function streamTitle({ title, artist }: Tags): string {
  return [artist, title].filter((text) => text !== undefined).join(" - ");
}

function atStart({ title }: PlacedTitle): PlacedTitle {
  return { at: 0, title };
}

/** A fifth of a second at 320 kbit/s. */
const FIRST_BYTES = 8192;
