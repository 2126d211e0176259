/**
 * The way of a session's frames, from its input to its outputs.
 *
 * @module
 */
import type { AudioConfig } from "../audio/audio_config.ts";
import { codecOf } from "../audio/codec_of.ts";
import type { Filler, Frame } from "../audio/frame.ts";
import type { Clock } from "./clock.ts";
import type { InputQuality } from "./events.ts";
import { FanOut } from "./fan_out.ts";
import type { FeedOwner } from "./feed_owner.ts";
import type { FrameSink, SessionEnd } from "./frame_sink.ts";
import { ReanchorLog } from "./reanchor_log.ts";
import { type FrameKind, Splice } from "./splice.ts";
import type { PlacedTags, Tags } from "./tags.ts";
import { DROP, Timeline, type TimelineOptions } from "./timeline.ts";
import { WaitingTags } from "./waiting_tags.ts";

/** What silence is for. */
type Silence = Exclude<Filler, "fallback">;

/** Gives the next access unit of what stands in for the source. It is valid until the next call. */
export type StandIn = () => Uint8Array;

/**
 * A session's audio path: what arrives is placed on the timeline, gaps become silence, and every
 * frame goes to every sink in one synchronous call.
 */
export class Feed {
  readonly #clock: Clock;
  readonly #timeline: Timeline;
  readonly #reanchorLog: ReanchorLog;
  readonly #splice = new Splice();
  readonly #tags = new WaitingTags();
  readonly #outputs: FanOut;
  readonly #onTags: (tags: PlacedTags) => void;
  readonly #frame: { -readonly [P in keyof Frame]: Frame[P] } = {
    data: new Uint8Array(0),
    position: 0,
    dueMs: 0,
    filler: false,
  };
  #config: AudioConfig | undefined;
  #silence: Uint8Array = new Uint8Array(0);
  #maxBytes = 0;
  /** How much silence is still to stand for frames that were muted, in milliseconds. */
  #mutedMs = 0;
  #total = 0;
  #bytes = 0;
  #dropped = 0;
  #bad = 0;
  #fillers = 0;
  #standIn: StandIn | undefined;
  #standInFrames = 0;

  /** @param onTags called when the tags that count have changed, once outputs know */
  constructor(
    owner: FeedOwner,
    clock: Clock,
    options: TimelineOptions,
    onTags: (tags: PlacedTags) => void,
  ) {
    this.#clock = clock;
    this.#timeline = new Timeline(options);
    this.#onTags = onTags;
    this.#outputs = new FanOut(owner);
    this.#reanchorLog = new ReanchorLog(owner, clock);
  }

  get quality(): InputQuality {
    return {
      total_count: this.#total,
      drop_count: this.#dropped,
      bad_count: this.#bad,
      filler_count: this.#fillers,
    };
  }

  /** Bytes of all frames that arrived. */
  get inputBytes(): number {
    return this.#bytes;
  }

  /** Title and artist as they count now; `undefined` where none have come. */
  get tags(): PlacedTags | undefined {
    return this.#tags.placed;
  }

  /** See {@link Timeline.sourceMs}. */
  get sourceMs(): number {
    return this.#timeline.sourceMs;
  }

  /** That of the frames; `undefined` before the first. */
  get config(): AudioConfig | undefined {
    return this.#config;
  }

  /** How long a frame is, in milliseconds. */
  get frameMs(): number {
    return this.#timeline.frameMs;
  }

  /** So many frames are overdue. */
  get overdueFrames(): number {
    const overdueMs = this.#clock.monotonic() - this.#timeline.dueMs;
    return Math.max(0, Math.floor(overdueMs / this.#timeline.frameMs));
  }

  /** Whether something stands in for the source. */
  get isStoodIn(): boolean {
    return this.#standIn !== undefined;
  }

  /** Frames of what stood in for the source. */
  get standInFrames(): number {
    return this.#standInFrames;
  }

  /**
   * What stands in for the source from now on, if anything does: all that is put in is of it, and each
   * frame of the source gives its place to one of it. Its access units are of the source's
   * configuration.
   */
  set standIn(standIn: StandIn | undefined) {
    this.#standIn = standIn;
  }

  /** Adds the output that `make` makes, which starts with the current configuration. */
  add(make: () => FrameSink): void {
    this.#outputs.add(make, this.#config);
  }

  configure(config: AudioConfig): void {
    const codec = codecOf(config);
    const before = this.#config;
    const continued = before === undefined ? undefined : codec.continuation(before, config);
    this.#config = continued ?? config;
    if (continued !== undefined) return;
    this.#splice.configure(config);
    this.#silence = codec.silentFrame(config);
    this.#maxBytes = codec.maxAccessUnitBytes(config);
    this.#timeline.configure(config.sampleRate, config.samplesPerFrame);
    this.#outputs.tell((sink) => sink.start(config));
  }

  /** A new connection, with timestamps of its own. */
  restart(): void {
    this.#tags.restart();
    this.#timeline.restart();
    this.#splice.breakOff();
  }

  /** What was missed so far stays so: no silence stands for it. */
  cut(): void {
    this.#timeline.cut();
  }

  /** What follows does not continue what was before. */
  discontinuity(): void {
    this.#outputs.tell((sink) => sink.discontinuity());
  }

  /** A frame of the source; see {@link Timeline.arrive}. */
  write(data: Uint8Array, timeMs: number | undefined, nowMs: number): void {
    this.#total++;
    this.#bytes += data.length;
    if (data.length === 0 || data.length > this.#maxBytes) {
      this.#bad++;
      return;
    }
    const fill = this.#timeline.arrive(timeMs, nowMs);
    if (this.#timeline.reanchors > 0) this.#reanchorLog.note(this.#timeline.reanchors);
    if (fill === DROP) {
      this.#dropped++;
      this.#splice.breakOff();
      return;
    }
    if (this.#standIn !== undefined) return this.#putInWithTags(fill + 1, "gap");
    if (fill > 0) this.#putIn(fill, "gap");
    if (this.#tags.any) this.#placeTags(timeMs);
    if (this.#splice.spoils(data)) {
      this.#dropped++;
      this.#putIn(1, "gap");
    } else this.#place(data, false, "own");
  }

  /**
   * A frame of the source that is not to be heard: silence that is as long stands in its place.
   * @param frameMs how long it is, in milliseconds
   */
  writeMuted(
    data: Uint8Array,
    timeMs: number | undefined,
    nowMs: number,
    frameMs: number,
  ): void {
    this.#total++;
    this.#bytes += data.length;
    this.#dropped++;
    this.#mutedMs += frameMs;
    const silenceMs = this.#timeline.frameMs;
    for (let i = 0; this.#mutedMs >= silenceMs; i++) {
      this.#mutedMs -= silenceMs;
      const at = timeMs === undefined ? undefined : timeMs + i * silenceMs;
      const fill = this.#timeline.arrive(at, nowMs);
      if (fill !== DROP) this.#putIn(fill + 1, "gap");
    }
  }

  /** What is heard, from the first frame on that is not earlier; see `Ingest`. */
  metadata(tags: Tags, timeMs: number | undefined): void {
    this.#tags.add(tags, timeMs);
  }

  /** The same from the next frame on, for whoever does not know the source's clock. */
  setTags(tags: Tags): void {
    this.#tags.set(tags);
  }

  /** Frames that are known to be lost. */
  lose(frames: number): void {
    if (this.#config === undefined) return;
    this.#putIn(this.#timeline.lose(frames, this.#clock.monotonic()), "gap");
    if (this.#timeline.reanchors > 0) this.#reanchorLog.note(this.#timeline.reanchors);
  }

  /** Puts in silence, or what stands in, while waiting for audio that may still come. */
  wait(frames: number): void {
    this.#putInWithTags(frames, "wait");
    this.#timeline.waited(frames);
  }

  /** The same for all audio that is overdue, but for `mostMs` at most. */
  catchUp(mostMs: number): void {
    this.wait(this.#timeline.overdueFrames(this.#clock.monotonic(), mostMs));
  }

  countBad(count: number): void {
    this.#bad += count;
  }

  countDropped(count: number): void {
    this.#dropped += count;
  }

  /** No frame follows. */
  end(how: SessionEnd): void {
    this.#outputs.end(how);
  }

  /** No audio follows, and silence only by {@link wait}, for outputs that go on after a goodbye. */
  goodbye(): void {
    this.#tags.end();
    this.#outputs.goodbye();
  }

  #placeTags(timeMs: number | undefined | "silence"): void {
    const tags = this.#tags.place(timeMs, this.#timeline);
    if (tags === undefined) return;
    this.#outputs.tell((sink) => sink.metadata?.(tags));
    this.#onTags(tags);
  }

  /** Tags count there that are not the source's. */
  #putInWithTags(frames: number, filler: Silence): void {
    if (frames > 0 && this.#tags.any) this.#placeTags("silence");
    this.#putIn(frames, filler);
  }

  #putIn(frames: number, filler: Silence): void {
    const standIn = this.#standIn;
    if (standIn === undefined) {
      for (let i = 0; i < frames; i++) this.#place(this.#silence, filler, "silence");
      this.#fillers += frames;
    } else {
      for (let i = 0; i < frames; i++) this.#place(standIn(), "fallback", "other");
      this.#standInFrames += frames;
    }
  }

  #place(data: Uint8Array, filler: Filler | false, kind: FrameKind): void {
    const frame = this.#frame;
    frame.data = data;
    frame.position = this.#timeline.position;
    frame.dueMs = this.#timeline.dueMs;
    frame.filler = filler;
    this.#timeline.advance();
    this.#splice.placed(kind);
    this.#outputs.write(frame);
  }
}
