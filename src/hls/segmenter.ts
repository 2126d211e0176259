import type { AudioConfig } from "../audio/audio_config.ts";
import type { Frame } from "../audio/frame.ts";
import { ByteBuffer } from "../mpegts/byte_buffer.ts";
import { AudioMuxer } from "../mpegts/muxer.ts";

const PTS_RATE = 90_000;
/** Room before the first timestamp, so that the clock reference ahead of it is not negative. */
const FIRST_PTS = 10 * PTS_RATE;

/**
 * Chromium's own player takes a last segment that is shorter than a second for a new one when a
 * reload brings none, and plays it again.
 */
const LEAST_MS = 1000;

/** A segment as it leaves the segmenter. */
export interface CutSegment {
  /** MPEG-TS; valid during the call only. */
  readonly bytes: Uint8Array;
  readonly durationUs: number;
  readonly discontinuity: boolean;
  /** When its first sample is due, as {@link Frame.dueMs}. */
  readonly dueMs: number;
  /** Whether silence stands at its end for audio that may still come. */
  readonly endsInWait: boolean;
}

/** Turns one session's frames into MPEG-TS segments, cut on the frame nearest to the target. */
export class Segmenter {
  readonly #targetMs: number;
  readonly #onSegment: (segment: CutSegment) => void;
  #muxer: AudioMuxer | undefined;
  readonly #buffer = new ByteBuffer();
  #sampleRate = 0;
  #samplesPerFrame = 0;
  #framesPerSegment = 0;
  #ticksPerSample = { times: 0, over: 1 };
  #epochPts = FIRST_PTS;
  #epochUs = 0;
  #frames = 0;
  #position = 0;
  #startPosition = 0;
  #startDueMs = 0;
  #endsInWait = false;
  #discontinuity = false;

  constructor(targetMs: number, onSegment: (segment: CutSegment) => void) {
    this.#targetMs = targetMs;
    this.#onSegment = onSegment;
  }

  /** Frames the open segment still takes. */
  get missingFrames(): number {
    return this.#framesPerSegment - this.#frames;
  }

  /** The frames that follow have another configuration; the open segment is cut. */
  start(config: AudioConfig): void {
    if (this.#sampleRate !== 0) this.discontinuity();
    this.#epochPts += this.#ticks(this.#position);
    this.#epochUs += this.#position * 1e6 / (this.#sampleRate || 1);
    this.#position = 0;
    this.#sampleRate = config.sampleRate;
    this.#samplesPerFrame = config.samplesPerFrame;
    const framesPerMs = config.sampleRate / (1000 * config.samplesPerFrame);
    this.#framesPerSegment = Math.max(
      Math.ceil(LEAST_MS * framesPerMs),
      Math.round(this.#targetMs * framesPerMs),
    );
    this.#ticksPerSample = ratio(PTS_RATE, config.sampleRate);
    if (this.#muxer === undefined) this.#muxer = new AudioMuxer(config);
    else this.#muxer.configure(config);
  }

  write(frame: Frame): void {
    if (this.#frames === 0) this.#open(frame);
    this.#muxer?.write(frame.data, this.#epochPts + this.#ticks(frame.position));
    this.#position = frame.position + this.#samplesPerFrame;
    this.#endsInWait = frame.filler === "wait";
    if (++this.#frames >= this.#framesPerSegment) this.cut();
  }

  /** Ends the open segment, if there is one. */
  cut(): void {
    if (this.#frames === 0) return;
    this.#muxer?.end();
    this.#frames = 0;
    const segment: CutSegment = {
      bytes: this.#buffer.bytes.subarray(0, this.#buffer.length),
      durationUs: this.#micros(this.#position) - this.#micros(this.#startPosition),
      discontinuity: this.#discontinuity,
      dueMs: this.#startDueMs,
      endsInWait: this.#endsInWait,
    };
    this.#discontinuity = false;
    this.#onSegment(segment);
  }

  /** Ends the open segment; the next one does not continue it. */
  discontinuity(): void {
    this.cut();
    this.#discontinuity = true;
  }

  #open(frame: Frame): void {
    this.#startPosition = frame.position;
    this.#startDueMs = frame.dueMs;
    this.#buffer.length = 0;
    this.#muxer?.begin(this.#buffer);
  }

  /** Exact: the product stays below 2^53 for decades. */
  #ticks(position: number): number {
    return Math.floor(position * this.#ticksPerSample.times / this.#ticksPerSample.over);
  }

  /** Rounded at absolute places, so that rounding never adds up over segments. */
  #micros(position: number): number {
    return Math.round(this.#epochUs + position * 1e6 / this.#sampleRate);
  }
}

/** `a / b` in lowest terms. */
function ratio(a: number, b: number): { times: number; over: number } {
  let [x, y] = [a, b];
  while (y !== 0) [x, y] = [y, x % y];
  return { times: a / x, over: b / x };
}
