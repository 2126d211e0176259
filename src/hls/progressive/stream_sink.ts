/**
 * A session's way into the endless stream of its name.
 *
 * @module
 */
import type { AudioConfig } from "../../audio/audio_config.ts";
import type { Frame } from "../../audio/frame.ts";
import type { Clock, Timer } from "../../session/clock.ts";
import type { StateNeed } from "../../session/continuity.ts";
import type { FrameSink } from "../../session/frame_sink.ts";
import type { Tags } from "../../session/tags.ts";
import { END_GRACE_MS } from "../life.ts";
import type { LiveStream } from "./live_stream.ts";
import { type StreamForm, streamFormOf } from "./stream_form.ts";

export interface StreamSinkOptions {
  readonly clock: Pick<Clock, "monotonic" | "awake" | "after">;
  readonly stateNeed: StateNeed;
  /** Gives the stream of the name, which is this sink's from then on, until another one asks. */
  readonly begin: (form: StreamForm, config: AudioConfig, sink: StreamSink) => LiveStream;
  /** Ends it, where it still is. */
  readonly end: (sink: StreamSink) => void;
}

/** Takes a session's frames. */
export class StreamSink implements FrameSink {
  readonly #options: StreamSinkOptions;
  #config: AudioConfig | undefined;
  #frameMs = 0;
  /** `undefined` while nothing of it is heard. */
  #stream: LiveStream | undefined;
  /** Whether another session has taken the stream over, or nothing follows. */
  #isOver = false;
  /** When the next frame is due, on `Clock.monotonic`. */
  #nextDueMs = 0;
  /** As the stream has told. */
  #isHeard = false;
  #hasNeed = false;
  #grace: Timer | undefined;
  readonly #onHeard = (isHeard: boolean) => {
    this.#isHeard = isHeard;
  };

  constructor(options: StreamSinkOptions) {
    this.#options = options;
  }

  start(config: AudioConfig): void {
    this.#config = config;
    this.#frameMs = config.samplesPerFrame * 1000 / config.sampleRate;
    const stream = this.#stream;
    if (stream === undefined) return;
    if (stream.form === streamFormOf(config)) stream.configure(config);
    // No receiver goes on with another codec.
    else this.#end();
  }

  metadata(tags: Tags): void {
    this.#begin()?.entitle(tags);
  }

  write(frame: Frame): void {
    const stream = this.#begin();
    if (stream === undefined || !(this.#isHeard || this.#hasNeed)) return;
    stream.write(frame.data);
    this.#nextDueMs = frame.dueMs + this.#frameMs;
    this.#changeNeed(this.#isHeard);
  }

  /** The hold is over, so receivers get nothing for a while, and may look for something else. */
  discontinuity(): void {
    this.#end();
  }

  goodbye(): void {
    if (this.#stream === undefined) return this.end();
    // Another session may go on, as in the playlist.
    this.#grace = this.#options.clock.after(END_GRACE_MS, () => this.end());
  }

  end(): void {
    this.#end();
    this.leave();
  }

  /** Nothing of it is heard any more. */
  leave(): void {
    this.#isOver = true;
    this.#stream = undefined;
    this.#grace?.cancel();
    this.#changeNeed(false);
  }

  #begin(): LiveStream | undefined {
    if (this.#stream !== undefined || this.#isOver) return this.#stream;
    const config = this.#config;
    const form = config && streamFormOf(config);
    if (config === undefined || form === undefined) return undefined;
    const stream = this.#stream = this.#options.begin(form, config, this);
    stream.watch(this.#onHeard);
    return stream;
  }

  #end(): void {
    if (this.#stream === undefined) return;
    this.#stream = undefined;
    this.#changeNeed(false);
    this.#options.end(this);
  }

  #changeNeed(hasNeed: boolean): void {
    if (this.#hasNeed === hasNeed) return;
    this.#hasNeed = hasNeed;
    if (hasNeed) this.#awaitNext();
    else this.#options.stateNeed(undefined);
  }

  /** Has silence put in before receivers have played all that they were sent. */
  #awaitNext(): void {
    const { clock, stateNeed } = this.#options;
    const dueInMs = RESERVE_MS - this.#overdueMs;
    stateNeed({
      at: clock.awake() + Math.max(dueInMs, PIECE_MS),
      frames: () => {
        const missingMs = this.#overdueMs - RESERVE_MS;
        this.#awaitNext();
        return missingMs < 0 ? 0 : Math.ceil((missingMs + PIECE_MS) / this.#frameMs);
      },
    });
  }

  get #overdueMs(): number {
    return this.#options.clock.monotonic() - this.#nextDueMs;
  }
}

/** Audio that is so late is waited for no longer: receivers have a second more than this. */
const RESERVE_MS = 3000;
/** Silence is put in by pieces of this length. */
const PIECE_MS = 250;
