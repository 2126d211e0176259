/**
 * Where a session's frames are cut into segments, for all packagers at once.
 *
 * @module
 */
import type { AudioConfig } from "../audio/audio_config.ts";
import type { Frame } from "../audio/frame.ts";
import type { Packager, SegmentFormat } from "./packager.ts";

/** A segment as it leaves the segmenter. */
export interface CutSegment {
  /** Its bytes in each format, in the order of the formats; valid during the call only. */
  readonly packages: readonly Uint8Array[];
  readonly durationUs: number;
  readonly discontinuity: boolean;
  /** When its first sample is due, as {@link Frame.dueMs}. */
  readonly dueMs: number;
  /** Whether silence stands at its end for audio that may still come. */
  readonly endsInWait: boolean;
}

/** Cuts one session's frames into segments, on the frame nearest to the target. */
export class Segmenter {
  readonly #targetMs: number;
  readonly #formats: readonly SegmentFormat[];
  readonly #onSegment: (segment: CutSegment) => void;
  #packagers: readonly Packager[] = [];
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

  /** Frames the open segment still takes. */
  get missingFrames(): number {
    return this.#framesPerSegment - this.#frames;
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
  }

  /** Takes the next frame, which follows the one before without a gap. {@link start} comes first. */
  write(frame: Frame): void {
    if (this.#frames === 0) this.#begin(frame);
    for (const packager of this.#packagers) packager.write(frame.data, frame.position);
    this.#lastFiller = frame.filler;
    if (++this.#frames >= this.#framesPerSegment) this.cut();
  }

  /** Ends the open segment, if there is one. */
  cut(): void {
    if (this.#frames === 0) return;
    const { position, dueMs } = this.#start;
    const end = position + this.#frames * (this.#config?.samplesPerFrame ?? 0);
    const segment: CutSegment = {
      packages: this.#packagers.map((packager) => packager.end(end)),
      durationUs: this.#micros(end) - this.#micros(position),
      discontinuity: this.#discontinuity,
      dueMs,
      endsInWait: this.#lastFiller === "wait",
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
    for (const packager of this.#packagers) packager.begin(this.#framesPerSegment);
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
