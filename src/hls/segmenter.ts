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
  #measure: Measure | undefined;
  /** Playing time of all that had other configurations, in microseconds. */
  #epochUs = 0;
  #open: OpenSegment | undefined;
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
    return (this.#measure?.framesPerSegment ?? 0) - (this.#open?.frames ?? 0);
  }

  /** The frames that follow have another configuration; the open segment is cut. */
  start(config: AudioConfig): void {
    if (this.#measure === undefined) {
      this.#packagers = this.#formats.map((format) => format.newPackager(config));
    } else {
      this.discontinuity();
      this.#epochUs += this.#endPosition * 1e6 / this.#measure.sampleRate;
      for (const packager of this.#packagers) packager.configure(config);
    }
    this.#endPosition = 0;
    this.#measure = measureOf(config, this.#targetMs);
  }

  /** Takes the next frame. @throws before {@link start} */
  write(frame: Frame): void {
    const measure = this.#measure;
    if (measure === undefined) {
      throw new Error("Cannot cut a frame: its configuration is not known");
    }
    const open = this.#open ??= this.#begin(frame);
    for (const packager of this.#packagers) packager.write(frame.data, frame.position);
    open.lastPosition = frame.position;
    open.lastFiller = frame.filler;
    if (++open.frames >= measure.framesPerSegment) this.cut();
  }

  /** Ends the open segment, if there is one. */
  cut(): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#endPosition = open.lastPosition + (this.#measure?.samplesPerFrame ?? 0);
    const segment: CutSegment = {
      packages: this.#packagers.map((packager) => packager.end()),
      durationUs: this.#micros(this.#endPosition) - this.#micros(open.startPosition),
      discontinuity: this.#discontinuity,
      dueMs: open.dueMs,
      endsInWait: open.lastFiller === "wait",
    };
    this.#open = undefined;
    this.#discontinuity = false;
    this.#onSegment(segment);
  }

  /** Ends the open segment; the next one does not continue it. */
  discontinuity(): void {
    this.cut();
    this.#discontinuity = true;
  }

  #begin({ position, dueMs, filler }: Frame): OpenSegment {
    for (const packager of this.#packagers) packager.begin();
    return {
      startPosition: position,
      dueMs,
      frames: 0,
      lastPosition: position,
      lastFiller: filler,
    };
  }

  /** Rounded at absolute places, so that rounding never adds up over segments. */
  #micros(position: number): number {
    return Math.round(this.#epochUs + position * 1e6 / (this.#measure?.sampleRate ?? 1));
  }
}

/** The segment that frames go into. */
interface OpenSegment {
  readonly startPosition: number;
  readonly dueMs: number;
  frames: number;
  lastPosition: number;
  lastFiller: Frame["filler"];
}

/** How a configuration is cut. */
interface Measure {
  readonly sampleRate: number;
  readonly samplesPerFrame: number;
  readonly framesPerSegment: number;
}

/**
 * Chromium's own player takes a last segment that is shorter than a second for a new one when a
 * reload brings none, and plays it again.
 */
const LEAST_MS = 1000;

function measureOf({ sampleRate, samplesPerFrame }: AudioConfig, targetMs: number): Measure {
  const framesPerMs = sampleRate / (1000 * samplesPerFrame);
  const framesPerSegment = Math.max(
    Math.ceil(LEAST_MS * framesPerMs),
    Math.round(targetMs * framesPerMs),
  );
  return { sampleRate, samplesPerFrame, framesPerSegment };
}
