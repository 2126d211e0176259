/**
 * Where a session's frames are cut into segments, for all packagers at once.
 *
 * @module
 */
import type { AudioConfig } from "../audio/audio_config.ts";
import type { Frame } from "../audio/frame.ts";
import type { Tags } from "../session/tags.ts";
import type { Packager, SegmentFormat } from "./packager.ts";
import { SegmentTags } from "./segment_tags.ts";

/** A segment as it leaves the segmenter. */
export interface CutSegment {
  /** Its bytes in each format, in the order of the formats; valid during the call only. */
  readonly packages: readonly Uint8Array[];
  readonly durationUs: number;
  readonly discontinuity: boolean;
  /** When its first sample is due, as {@link Frame.dueMs}. */
  readonly dueMs: number;
  /** Whether something stands at its end for audio that may still come: silence, or a fallback. */
  readonly endsInWait: boolean;
}

/** A segment when it begins. */
export interface SegmentBegun extends Pick<CutSegment, "discontinuity" | "dueMs"> {
  /** How many frames it takes, where nothing ends it before. */
  readonly frames: number;
}

/** Who is told of frames at once, beside the packagers: of each before its segment is whole. */
export interface FrameTap {
  /** The frames that follow have this configuration. No segment is open. */
  configure(config: AudioConfig): void;
  begin(segment: SegmentBegun): void;
  /** The next frame of the open segment; `data` is valid during the call only. */
  write(data: Uint8Array): void;
  /** The open segment is about to be cut. */
  end(): void;
}

/** A segment that is not whole yet. */
export interface OpenSegment extends SegmentBegun {
  /** What there is of it in the first format. */
  readonly snapshot: Uint8Array;
}

/** Cuts one session's frames into segments, on the frame nearest to the target. */
export class Segmenter {
  readonly #targetMs: number;
  readonly #formats: readonly SegmentFormat[];
  readonly #onSegment: (segment: CutSegment) => void;
  readonly #tags = new SegmentTags();
  #packagers: readonly Packager[] = [];
  #tap: FrameTap | undefined;
  /** `undefined` before the first configuration. */
  #config: AudioConfig | undefined;
  #framesPerSegment = 0;
  /** Playing time of all that had other configurations, in microseconds. */
  #epochUs = 0;
  /** Where the newest segment begins. */
  #start: Pick<Frame, "position" | "dueMs"> = { position: 0, dueMs: 0 };
  /** Frames of the open segment; 0 while none is open. */
  #frames = 0;
  #lastFiller: Frame["filler"] = false;
  /** Position behind the last segment. */
  #endPosition = 0;
  /** Whether the next segment does not continue the one before. */
  #discontinuity = false;

  /**
   * @param targetMs how long segments are to be, in milliseconds
   * @param formats what each segment is packaged in
   */
  constructor(
    targetMs: number,
    formats: readonly SegmentFormat[],
    onSegment: (segment: CutSegment) => void,
  ) {
    this.#targetMs = targetMs;
    this.#formats = formats;
    this.#onSegment = onSegment;
  }

  /** That of the frames; `undefined` before the first. */
  get config(): AudioConfig | undefined {
    return this.#config;
  }

  /** Frames the open segment still takes. */
  get missingFrames(): number {
    return this.#framesPerSegment - this.#frames;
  }

  /**
   * Tells `tap`, and no other from now on, of all frames that follow; nobody where it is `undefined`.
   * It is told of the configuration at once.
   * @returns what the open segment has already
   */
  tap(tap: FrameTap | undefined): OpenSegment | undefined {
    this.#tap = tap;
    if (this.#config !== undefined) tap?.configure(this.#config);
    return this.open;
  }

  /** What there is of the open segment; `undefined` while none is open. */
  get open(): OpenSegment | undefined {
    const [first] = this.#packagers;
    if (first === undefined || this.#frames === 0) return undefined;
    return { ...this.#begun, snapshot: first.snapshot() };
  }

  /** The frames that follow have another configuration; the open segment is cut. */
  start(config: AudioConfig): void {
    if (this.#config === undefined) {
      this.#packagers = this.#formats.map((format) => format.newPackager(config));
    } else {
      this.discontinuity();
      this.#epochUs += this.#endPosition * 1e6 / this.#config.sampleRate;
      for (const packager of this.#packagers) packager.configure(config);
    }
    this.#endPosition = 0;
    this.#config = config;
    this.#framesPerSegment = framesPerSegment(config, this.#targetMs);
    this.#tap?.configure(config);
  }

  /** Takes the next frame, which follows the one before without a gap. {@link start} comes first. */
  write(frame: Frame): void {
    const isFirst = this.#frames === 0;
    if (isFirst) this.#begin(frame);
    const tags = this.#tags.next(isFirst);
    if (tags !== undefined) this.#tell(tags, frame.position);
    for (const packager of this.#packagers) packager.write(frame.data, frame.position);
    this.#tap?.write(frame.data);
    this.#lastFiller = frame.filler;
    if (++this.#frames >= this.#framesPerSegment) this.cut();
  }

  /** Takes what is heard from the next frame on. */
  metadata(tags: Tags): void {
    this.#tags.set(tags);
  }

  /** Ends the open segment, if there is one. */
  cut(): void {
    if (this.#frames === 0) return;
    const { position, dueMs } = this.#start;
    const end = position + this.#frames * (this.#config?.samplesPerFrame ?? 0);
    this.#tap?.end();
    const segment: CutSegment = {
      packages: this.#packagers.map((packager) => packager.end(end)),
      durationUs: this.#micros(end) - this.#micros(position),
      discontinuity: this.#discontinuity,
      dueMs,
      endsInWait: this.#lastFiller === "wait" || this.#lastFiller === "fallback",
    };
    this.#endPosition = end;
    this.#frames = 0;
    this.#discontinuity = false;
    this.#onSegment(segment);
  }

  /** Ends the open segment; the next one does not continue it. */
  discontinuity(): void {
    this.cut();
    this.#discontinuity = true;
  }

  #begin({ position, dueMs }: Frame): void {
    this.#start = { position, dueMs };
    for (const packager of this.#packagers) packager.begin();
    this.#tap?.begin(this.#begun);
  }

  get #begun(): SegmentBegun {
    const { dueMs } = this.#start;
    return { dueMs, discontinuity: this.#discontinuity, frames: this.#framesPerSegment };
  }

  #tell(tags: Tags, position: number): void {
    for (const packager of this.#packagers) packager.metadata?.(tags, position);
  }

  /** Rounded at absolute places, so that rounding never adds up over segments. */
  #micros(position: number): number {
    return Math.round(this.#epochUs + position * 1e6 / (this.#config?.sampleRate ?? 1));
  }
}

function framesPerSegment({ sampleRate, samplesPerFrame }: AudioConfig, targetMs: number): number {
  const framesPerMs = sampleRate / (1000 * samplesPerFrame);
  return Math.max(Math.ceil(LEAST_MS * framesPerMs), Math.round(targetMs * framesPerMs));
}

/**
 * Chromium's own player takes a last segment that is shorter than a second for a new one when a
 * reload brings none, and plays it again.
 */
const LEAST_MS = 1000;
