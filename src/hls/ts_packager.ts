/**
 * Segments in MPEG-TS, as `playlist.m3u8` lists them (RFC 8216 3.2).
 *
 * @module
 */
import type { AudioConfig } from "../audio/audio_config.ts";
import { ByteBuffer } from "../mpegts/byte_buffer.ts";
import { AudioMuxer } from "../mpegts/muxer.ts";
import type { Packager, SegmentFormat } from "./packager.ts";
import { renderPlaylist } from "./playlist.ts";

/** The format that every player plays. */
export const MPEG_TS: SegmentFormat = {
  extension: "ts",
  mediaType: "video/mp2t",
  playlistFile: "playlist.m3u8",
  renderPlaylist,
  newPackager: (config) => new TsPackager(config),
};

const PTS_RATE = 90_000;
/** Room before the first timestamp, so that the clock reference ahead of it is not negative. */
const FIRST_PTS = 10 * PTS_RATE;

class TsPackager implements Packager {
  readonly #muxer: AudioMuxer;
  readonly #buffer = new ByteBuffer();
  #config: AudioConfig;
  #ticksPerSample: Ratio;
  /** Presentation time of position 0. */
  #epochPts = FIRST_PTS;
  #lastPosition = 0;
  /** Position behind the last segment. */
  #endPosition = 0;

  constructor(config: AudioConfig) {
    this.#muxer = new AudioMuxer(config);
    this.#config = config;
    this.#ticksPerSample = ratio(PTS_RATE, config.sampleRate);
  }

  configure(config: AudioConfig): void {
    this.#epochPts += this.#ticks(this.#endPosition);
    this.#endPosition = 0;
    this.#config = config;
    this.#ticksPerSample = ratio(PTS_RATE, config.sampleRate);
    this.#muxer.configure(config);
  }

  begin(): void {
    this.#buffer.length = 0;
    this.#muxer.begin(this.#buffer);
  }

  write(data: Uint8Array, position: number): void {
    this.#muxer.write(data, this.#epochPts + this.#ticks(position));
    this.#lastPosition = position;
  }

  end(): Uint8Array {
    this.#muxer.end();
    this.#endPosition = this.#lastPosition + this.#config.samplesPerFrame;
    return this.#buffer.bytes.subarray(0, this.#buffer.length);
  }

  /** Exact: the product stays below 2^53 for decades. */
  #ticks(position: number): number {
    return Math.floor(position * this.#ticksPerSample.times / this.#ticksPerSample.over);
  }
}

interface Ratio {
  readonly times: number;
  readonly over: number;
}

/** `a / b` in lowest terms. */
function ratio(a: number, b: number): Ratio {
  let [x, y] = [a, b];
  while (y !== 0) [x, y] = [y, x % y];
  return { times: a / x, over: b / x };
}
