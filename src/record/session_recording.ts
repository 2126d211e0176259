/** Records one session: decides what is written, and to which file. */
import type { AudioConfig } from "../audio/audio_config.ts";
import { codecOf } from "../audio/codec_of.ts";
import type { Frame } from "../audio/frame.ts";
import { type Clock, type Timer, wallTimeOf } from "../session/clock.ts";
import type { FrameSink } from "../session/frame_sink.ts";
import type { FragmentWriter } from "../mp4/fragment.ts";
import type { FragmentPool, Silence } from "./batch.ts";
import type { Part } from "./part.ts";

export interface SessionRecordingOptions {
  readonly clock: Clock;
  readonly pool: FragmentPool;
  /** Whether what is heard of a fallback file is recorded; otherwise there is silence in its place. */
  readonly recordsFallback: boolean;
  /**
   * Begins a file.
   * @param startTime when its first frame is due, in milliseconds since the epoch
   * @param onError called when nothing more is written to it
   */
  readonly begin: (config: AudioConfig, startTime: number, onError: () => void) => Part;
  /** Ends a file, also one that failed. Resolves when nothing is being done with it any more. */
  readonly finish: (part: Part) => Promise<void>;
}

/**
 * Records one session: a file for each configuration, and another one after an error. Silence that
 * the session puts in is written when audio follows it, and not before: so no recording ends with
 * the silence of a DJ who did not come back. Whole seconds of it are promised to the file meanwhile.
 */
export class SessionRecording implements FrameSink {
  readonly #options: SessionRecordingOptions;
  #config: AudioConfig | undefined;
  #framesPerFragment = 0;
  #part: Part | undefined;
  #fragment: FragmentWriter;
  /** When the fragment's first frame is due, in milliseconds since the epoch. */
  #fragmentWallMs = 0;
  /** The silence that goes before the fragment. */
  #silenceBefore: Silence | undefined;
  /** A silent access unit of this configuration, and how many of them no audio has followed yet. */
  #silence: Uint8Array = new Uint8Array();
  #silentFrames = 0;
  /** Whether nothing is recorded for a while, after an error. */
  #resting = false;
  #retry: Timer | undefined;
  #ended = false;

  constructor(options: SessionRecordingOptions) {
    this.#options = options;
    this.#fragment = options.pool.take();
  }

  start(config: AudioConfig): void {
    this.#endPart();
    this.#config = config;
    this.#framesPerFragment = Math.round(config.sampleRate / config.samplesPerFrame);
    this.#silence = codecOf(config).silentFrame(config);
  }

  write(frame: Frame): void {
    if (!this.#isRecorded(frame)) return this.#addSilence();
    if (this.#resting || this.#config === undefined) return;
    if (this.#part === undefined) {
      this.#begin(this.#config, wallTimeOf(this.#options.clock, frame.dueMs));
    }
    if (this.#silentFrames > 0) this.#placeSilence(this.#config, frame.dueMs);
    if (this.#fragment.frames === 0) this.#startFragment(frame.dueMs);
    this.#fragment.add(frame.data);
    if (this.#fragment.frames >= this.#framesPerFragment) this.#cut();
  }

  /** A file has no discontinuities: what follows goes behind what came before. */
  discontinuity(): void {}

  end(): void {
    this.#endPart();
    this.#ended = true;
    this.#retry?.cancel();
  }

  #begin(config: AudioConfig, startTime: number): void {
    if (this.#fragment.frames > 0) this.#fragment = this.#options.pool.take();
    this.#silenceBefore = undefined;
    this.#silentFrames = 0;
    const part = this.#options.begin(config, startTime, () => this.#rest(part));
    this.#part = part;
  }

  #isRecorded({ filler }: Frame): boolean {
    return filler === false || filler === "fallback" && this.#options.recordsFallback;
  }

  /** Of silence, the number of frames is kept. The fragment does not wait for its end. */
  #addSilence(): void {
    this.#silentFrames++;
    const { frames } = this.#fragment;
    if (frames > 0 && frames + this.#silentFrames >= this.#framesPerFragment) this.#cut();
    if (this.#silentFrames % this.#framesPerFragment !== 0) return;
    const silence = this.#wholeSilence();
    if (silence !== undefined) this.#part?.promise(silence);
  }

  /** Whole fragments of silence go before the fragment, what is left of it into the fragment. */
  #placeSilence({ sampleRate, samplesPerFrame }: AudioConfig, endMs: number): void {
    this.#silenceBefore = this.#wholeSilence() ?? this.#silenceBefore;
    const frames = this.#silentFrames % this.#framesPerFragment;
    this.#silentFrames = 0;
    if (frames === 0) return;
    if (this.#fragment.frames === 0) {
      this.#startFragment(endMs - frames * samplesPerFrame * 1000 / sampleRate);
    }
    for (let i = 0; i < frames; i++) this.#fragment.add(this.#silence);
  }

  /** What there is of silence in whole fragments; `undefined` where it is less than one. */
  #wholeSilence(): Silence | undefined {
    const fragments = Math.floor(this.#silentFrames / this.#framesPerFragment);
    if (fragments === 0) return undefined;
    return { data: this.#silence, framesPerFragment: this.#framesPerFragment, fragments };
  }

  #startFragment(dueMs: number): void {
    this.#fragmentWallMs = wallTimeOf(this.#options.clock, dueMs);
  }

  /** Hands the fragment to the file. */
  #cut(): void {
    if (this.#fragment.frames === 0) return;
    const [fragment, silence] = [this.#fragment, this.#silenceBefore];
    this.#fragment = this.#options.pool.take();
    this.#silenceBefore = undefined;
    this.#part?.write({ fragment, silence, wallMs: this.#fragmentWallMs });
  }

  #endPart(): void {
    this.#cut();
    if (this.#part !== undefined) this.#options.finish(this.#part);
    this.#part = undefined;
    this.#silentFrames = 0;
  }

  /** Ends the file that failed, and waits a while before the next one. */
  async #rest(part: Part): Promise<void> {
    if (this.#part !== part) return;
    this.#part = undefined;
    this.#resting = true;
    await this.#options.finish(part);
    if (this.#ended) return;
    this.#retry = this.#options.clock.after(RETRY_MS, () => this.#resting = false);
  }
}

/** How long after an error recording is tried again. */
const RETRY_MS = 5000;
