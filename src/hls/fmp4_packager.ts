/**
 * Segments in fragmented MP4 (RFC 8216 3.3), which players may have in parts while they are made
 * (draft-pantos-hls-rfc8216bis 3, "Partial Segments").
 *
 * @module
 */
import type { AudioConfig } from "../audio/audio_config.ts";
import { FragmentWriter } from "../mp4/fragment.ts";
import { ByteBuffer } from "../mpegts/byte_buffer.ts";
import type { Packager } from "./packager.ts";

/** How long a part is at most, in milliseconds. */
export const PART_TARGET_MS = 384;

/** A part of a segment as it leaves the packager. */
export interface PackagedPart {
  /** One moof and its mdat; valid during the call only. */
  readonly bytes: Uint8Array;
  readonly durationUs: number;
}

/**
 * Packages one session's frames. Each segment is cut into parts of equal length, as few as the
 * target allows: they do not differ by more than a frame. A segment's bytes are those of its parts,
 * one after the other. An init section of the configuration has to stand before them.
 */
export class Fmp4Packager implements Packager {
  readonly #onPart: (part: PackagedPart) => void;
  readonly #segment = new ByteBuffer();
  readonly #part = new FragmentWriter();
  #config: AudioConfig;
  /** Frames that the timeline has before position 0. */
  #epochFrames: number;
  /** Position behind the last segment. */
  #endPosition = 0;
  /** How many frames and parts the open segment is to have, and those that it has. */
  #planned: FramesAndParts = { frames: 0, parts: 0 };
  #made: FramesAndParts = { frames: 0, parts: 0 };
  /** Number of the open part's first frame on the timeline. */
  #partFrame = 0;

  /** @param onPart called for each part once its last frame has come */
  constructor(config: AudioConfig, onPart: (part: PackagedPart) => void) {
    this.#onPart = onPart;
    this.#config = config;
    this.#epochFrames = Math.ceil(FIRST_SECOND * config.sampleRate / config.samplesPerFrame);
  }

  /** The timeline goes on at its next whole frame of the new length. */
  configure(config: AudioConfig): void {
    const { sampleRate, samplesPerFrame } = this.#config;
    const samples = this.#epochFrames * samplesPerFrame + this.#endPosition;
    const ticks = sampleRate * config.samplesPerFrame;
    this.#epochFrames = Math.ceil(samples * config.sampleRate / ticks);
    this.#endPosition = 0;
    this.#config = config;
  }

  begin(frames: number): void {
    this.#segment.length = 0;
    const framesPerPart = maxFramesPerPart(this.#config);
    this.#planned = { frames, parts: Math.ceil(frames / framesPerPart) };
    this.#made = { frames: 0, parts: 0 };
  }

  write(data: Uint8Array, position: number): void {
    if (this.#part.frames === 0) {
      this.#partFrame = this.#epochFrames + position / this.#config.samplesPerFrame;
    }
    this.#part.add(data);
    this.#made.frames++;
    const { frames, parts } = this.#planned;
    if (this.#made.frames * parts >= (this.#made.parts + 1) * frames) this.#endPart();
  }

  end(endPosition: number): Uint8Array {
    this.#endPosition = endPosition;
    if (this.#part.frames > 0) this.#endPart();
    return this.#segment.view();
  }

  #endPart(): void {
    const { sampleRate, samplesPerFrame } = this.#config;
    const durationUs = this.#part.frames * samplesPerFrame * 1e6 / sampleRate;
    const bytes = this.#part.take(this.#partFrame, samplesPerFrame);
    this.#made.parts++;
    this.#segment.append(bytes);
    this.#onPart({ bytes, durationUs });
  }
}

interface FramesAndParts {
  frames: number;
  parts: number;
}

/** Times in media begin above 0, so that nothing that a player subtracts from them makes them negative. */
const FIRST_SECOND = 10;

function maxFramesPerPart({ sampleRate, samplesPerFrame }: AudioConfig): number {
  return Math.floor(PART_TARGET_MS * sampleRate / (1000 * samplesPerFrame));
}
