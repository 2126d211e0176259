/**
 * Segments in MPEG-TS, as `playlist.m3u8` lists them (RFC 8216 3.2).
 *
 * @module
 */
import type { AudioConfig } from "../audio/audio_config.ts";
import { writeId3Texts } from "../audio/id3_texts.ts";
import { ByteBuffer } from "../mpegts/byte_buffer.ts";
import { AudioMuxer } from "../mpegts/muxer.ts";
import type { Tags } from "../session/tags.ts";
import { type Packager, type SegmentFormat, TIMELINE_START_MS } from "./packager.ts";
import { renderPlaylist } from "./playlist.ts";
import { readTsFrames } from "./low_latency/ts_frames.ts";

/** The format that every player plays. */
export const MPEG_TS: SegmentFormat = {
  extension: "ts",
  mediaType: "video/mp2t",
  playlistFile: "playlist.m3u8",
  renderPlaylist,
  newPackager: (config, last) => new TsPackager(config, false, last),
};

/** The same, with title and artist as ID3 tags in a stream of their own. */
export const MPEG_TS_WITH_ID3: SegmentFormat = {
  ...MPEG_TS,
  newPackager: (config, last) => new TsPackager(config, true, last),
};

const PTS_RATE = 90_000;
const FIRST_PTS = TIMELINE_START_MS * PTS_RATE / 1000;

class TsPackager implements Packager {
  readonly #muxer: AudioMuxer;
  readonly #withId3: boolean;
  readonly #buffer = new ByteBuffer();
  /** A sample is this many ticks … */
  #ticks = 0;
  /** … over this many, in lowest terms. */
  #over = 1;
  /** Presentation time of position 0. */
  #epochPts = FIRST_PTS;
  /** Position behind the last segment. */
  #endPosition = 0;

  constructor(config: AudioConfig, withId3: boolean, last: Uint8Array | undefined) {
    this.#muxer = new AudioMuxer(config, withId3);
    this.#withId3 = withId3;
    this.#setRate(config);
    if (last !== undefined) this.#resume(config, last);
  }

  configure(config: AudioConfig): void {
    this.#epochPts += this.#pts(this.#endPosition);
    this.#endPosition = 0;
    this.#setRate(config);
    this.#muxer.configure(config);
  }

  begin(): void {
    this.#buffer.length = 0;
    this.#muxer.begin(this.#buffer);
  }

  write(data: Uint8Array, position: number): void {
    this.#muxer.write(data, this.#epochPts + this.#pts(position));
  }

  metadata(tags: Tags, position: number): void {
    if (!this.#withId3) return;
    this.#muxer.writeId3(writeId3Texts(tags), this.#epochPts + this.#pts(position));
  }

  end(endPosition: number): Uint8Array {
    this.#endPosition = endPosition;
    this.#muxer.end();
    return this.#buffer.bytes.subarray(0, this.#buffer.length);
  }

  snapshot(): Uint8Array {
    return this.#muxer.snapshot();
  }

  #resume(config: AudioConfig, last: Uint8Array): void {
    const read = readTsFrames(last, [config]);
    if (read === undefined) return;
    const { frames, startMs } = read;
    this.#muxer.resume(last);
    this.#epochPts = Math.round(startMs * PTS_RATE / 1000) +
      this.#pts(frames.length * config.samplesPerFrame);
  }

  #setRate({ sampleRate }: AudioConfig): void {
    const divisor = greatestCommonDivisor(PTS_RATE, sampleRate);
    this.#ticks = PTS_RATE / divisor;
    this.#over = sampleRate / divisor;
  }

  /** Since position 0. Exact: the product stays below 2^53 for decades. */
  #pts(position: number): number {
    return Math.floor(position * this.#ticks / this.#over);
  }
}

function greatestCommonDivisor(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y !== 0) [x, y] = [y, x % y];
  return x;
}
