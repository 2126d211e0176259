import type { AudioConfig } from "../audio/audio_config.ts";
import type { Ingest } from "../session/ingest.ts";

/** Six seconds at 320 kb/s: more than an answer takes. */
const MAX_BYTES = 262_144;
/** What a held frame weighs beside its bytes, of which there may be few. */
const FRAME_OVERHEAD = 64;

interface HeldFrame {
  readonly config: AudioConfig | undefined;
  readonly data: Uint8Array;
  readonly timeMs: number | undefined;
}

/** Access units of a connection while it is asked whether it may come in: an SRT sender does not wait. */
export class HeldFrames {
  #frames: HeldFrame[] = [];
  #bytes = 0;
  /** For want of room. */
  #dropped = 0;

  /** Keeps a copy of `data`, of the configuration `config`. */
  add(config: AudioConfig | undefined, data: Uint8Array, timeMs: number | undefined): void {
    const bytes = data.length + FRAME_OVERHEAD;
    if (this.#bytes + bytes > MAX_BYTES) {
      this.#dropped++;
      return;
    }
    this.#bytes += bytes;
    this.#frames.push({ config, data: data.slice(), timeMs });
  }

  /** Hands all on; the next frame's configuration is to be told again. */
  giveTo(ingest: Ingest): void {
    let current: AudioConfig | undefined;
    for (const { config, data, timeMs } of this.#frames) {
      if (config !== undefined && config !== current) ingest.configure(config);
      current = config;
      ingest.write(data, timeMs);
    }
    if (this.#dropped > 0) ingest.dropped(this.#dropped);
    this.#frames = [];
    this.#bytes = this.#dropped = 0;
  }
}
