/**
 * What a connection sends while it is asked whether it may come in.
 *
 * @module
 */
import type { AudioConfig } from "../audio/audio_config.ts";
import type { Ingest } from "./ingest.ts";
import type { Tags } from "./tags.ts";

/** Six seconds at 320 kb/s: more than an answer takes. */
const MAX_BYTES = 262_144;
/** What a held frame weighs beside its bytes, of which there may be few. */
const FRAME_OVERHEAD = 64;
/** What tags weigh at most: their texts are cut. */
const TAGS_BYTES = 2048;

type Held = HeldFrame | HeldTags;

interface HeldFrame {
  readonly config: AudioConfig | undefined;
  readonly data: Uint8Array;
  readonly timeMs: number | undefined;
}

interface HeldTags {
  readonly tags: Tags;
  readonly timeMs: number | undefined;
}

/** Access units in their order, and the tags among them, up to a bound. */
export class HeldFrames {
  #held: Held[] = [];
  #bytes = 0;
  /** For want of room. */
  #dropped = 0;

  /** How much is held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Keeps a copy of `data`, of the configuration `config`. */
  add(config: AudioConfig | undefined, data: Uint8Array, timeMs: number | undefined): void {
    if (!this.#reserve(data.length + FRAME_OVERHEAD)) this.#dropped++;
    else this.#held.push({ config, data: data.slice(), timeMs });
  }

  /** Keeps tags, where there is room. */
  addTags(tags: Tags, timeMs: number | undefined): void {
    if (this.#reserve(TAGS_BYTES)) this.#held.push({ tags, timeMs });
  }

  /** Hands all on; the next frame's configuration is to be told again. */
  giveTo(ingest: Ingest): void {
    let current: AudioConfig | undefined;
    for (const held of this.#held) {
      if ("tags" in held) {
        ingest.metadata(held.tags, held.timeMs);
        continue;
      }
      const { config, data, timeMs } = held;
      if (config !== undefined && config !== current) ingest.configure(config);
      current = config;
      ingest.write(data, timeMs);
    }
    if (this.#dropped > 0) ingest.dropped(this.#dropped);
    this.clear();
  }

  /** Forgets all. */
  clear(): void {
    this.#held = [];
    this.#bytes = this.#dropped = 0;
  }

  #reserve(bytes: number): boolean {
    if (this.#bytes + bytes > MAX_BYTES) return false;
    this.#bytes += bytes;
    return true;
  }
}
