/**
 * Segments in fragmented MP4 (RFC 8216 3.3), which players may have in parts while they are made
 * (draft-pantos-hls-rfc8216bis 3, "Partial Segments").
 *
 * @module
 */
import type { AudioConfig } from "../audio/audio_config.ts";
import { type Id3Texts, writeId3Texts } from "../audio/id3_texts.ts";
import { id3Message } from "../mp4/event_message.ts";
import { FragmentWriter } from "../mp4/fragment.ts";
import { ByteBuffer } from "../mpegts/byte_buffer.ts";
import { TIMELINE_START_MS } from "./packager.ts";

/** How long a part is at most, in milliseconds. */
export const PART_TARGET_MS = 384;

/** A part of a segment, or all of one, as it leaves the packager. */
export interface PackagedPart {
  /** For each part its messages, a moof and its mdat; valid during the call only. */
  readonly bytes: Uint8Array;
  readonly durationUs: number;
}

/**
 * Packages frames that follow each other on one timeline. Each segment is cut into parts of equal length, as few as the
 * target allows: they do not differ by more than a frame. A segment's bytes are those of its parts,
 * one after the other. An init section of the configuration has to stand before them.
 */
export class Fmp4Packager {
  readonly #onPart: (part: PackagedPart) => void;
  readonly #segment = new ByteBuffer();
  readonly #part = new FragmentWriter();
  /** What stands before the open part. */
  readonly #messages = new ByteBuffer();
  #config: AudioConfig;
  /** Number of the open part's first frame on the timeline. */
  #partFrame: number;
  /** How many frames and parts the open segment is to have, and those that it has. */
  #planned: FramesAndParts = { frames: 0, parts: 0 };
  #made: FramesAndParts = { frames: 0, parts: 0 };

  /**
   * @param onPart called for each part once its last frame has come
   * @param startMs where the timeline begins: at the next whole frame
   */
  constructor(
    config: AudioConfig,
    onPart: (part: PackagedPart) => void,
    startMs: number = TIMELINE_START_MS,
  ) {
    this.#onPart = onPart;
    this.#config = config;
    const frames = startMs * config.sampleRate / (1000 * config.samplesPerFrame);
    this.#partFrame = Math.ceil(frames - ROUNDING);
  }

  /** How long a frame lasts, in milliseconds. */
  get frameMs(): number {
    return 1000 * this.#config.samplesPerFrame / this.#config.sampleRate;
  }

  /**
   * The frames that follow have this configuration. The timeline goes on at its next whole frame of
   * the new length. No segment is open.
   */
  configure(config: AudioConfig): void {
    const { sampleRate, samplesPerFrame } = this.#config;
    const samples = this.#partFrame * samplesPerFrame;
    const ticks = sampleRate * config.samplesPerFrame;
    this.#partFrame = Math.ceil(samples * config.sampleRate / ticks);
    this.#config = config;
  }

  /**
   * Begins a segment.
   * @param frames how many it takes, where nothing ends it before
   */
  begin(frames: number): void {
    this.#segment.length = 0;
    const framesPerPart = maxFramesPerPart(this.#config);
    this.#planned = { frames, parts: Math.ceil(frames / framesPerPart) };
    this.#made = { frames: 0, parts: 0 };
  }

  /**
   * Tells what is heard from the open segment's next frame on.
   * @param id players show tags once for each number
   */
  tell(tags: Id3Texts, id: number): void {
    const { sampleRate: timescale, samplesPerFrame } = this.#config;
    const presentationTime = (this.#partFrame + this.#part.frames) * samplesPerFrame;
    const data = writeId3Texts(tags);
    this.#messages.append(id3Message({ timescale, presentationTime, id, data }));
  }

  /** Takes the next frame of the open segment; `data` is valid during the call only. */
  write(data: Uint8Array): void {
    this.#part.add(data);
    this.#made.frames++;
    const { frames, parts } = this.#planned;
    if (this.#made.frames * parts >= (this.#made.parts + 1) * frames) this.#endPart();
  }

  /**
   * Ends the open segment, with a last part of what there is.
   * @returns all of it, valid until the next one begins
   */
  end(): PackagedPart {
    if (this.#part.frames > 0) this.#endPart();
    return { bytes: this.#segment.view(), durationUs: this.#durationUs(this.#made.frames) };
  }

  #endPart(): void {
    const { frames } = this.#part;
    const from = this.#segment.length;
    this.#segment.append(this.#messages.view());
    this.#segment.append(this.#part.take(this.#partFrame, this.#config.samplesPerFrame));
    this.#messages.length = 0;
    this.#partFrame += frames;
    this.#made.parts++;
    const bytes = this.#segment.view().subarray(from);
    this.#onPart({ bytes, durationUs: this.#durationUs(frames) });
  }

  #durationUs(frames: number): number {
    const { sampleRate, samplesPerFrame } = this.#config;
    return frames * samplesPerFrame * 1e6 / sampleRate;
  }
}

interface FramesAndParts {
  frames: number;
  parts: number;
}

/** What times in MPEG-TS are rounded by, in frames at most. */
const ROUNDING = 0.01;

function maxFramesPerPart({ sampleRate, samplesPerFrame }: AudioConfig): number {
  return Math.floor(PART_TARGET_MS * sampleRate / (1000 * samplesPerFrame));
}
