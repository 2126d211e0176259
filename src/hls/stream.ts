/**
 * One name's stream over HLS: what its sessions and its preroll bring, and how long that is kept.
 *
 * @module
 */
import type { AudioConfig } from "../audio/audio_config.ts";
import type { Clock } from "../session/clock.ts";
import type { SessionEnd } from "../session/frame_sink.ts";
import { JoinedSession } from "./joined_session.ts";
import { END_GRACE_MS, Life, type Presentation } from "./life.ts";
import { LowLatency } from "./low_latency/low_latency.ts";
import { renderMasterPlaylist } from "./master_playlist.ts";
import type { ServedPlaylist } from "./origin.ts";
import type { SegmentFormat } from "./packager.ts";
import { NumbersAhead } from "./numbers_ahead.ts";
import { PlayedTags } from "./played_tags.ts";
import type { RecentAudio } from "./progressive/recent_audio.ts";
import { Publishers } from "./publishers.ts";
import { Releases } from "./releases.ts";
import type { Segment } from "./segment.ts";
import { SegmentIntake } from "./segment_intake.ts";
import { SegmentLabels } from "./segment_labels.ts";
import type { CutSegment } from "./segmenter.ts";
import { KEEP_MS, Shelf } from "./shelf.ts";
import { StreamHandover } from "./stream_handover.ts";
import type { EarlierRun, SegmentSource, StreamOptions } from "./stream_options.ts";
import type { Numbering } from "./window.ts";

/** The playlists and the segments of one name, over all its sessions. */
export class HlsStream {
  readonly name: string;
  /** That of what is heard, or was heard last; `undefined` where it is not known. */
  config: AudioConfig | undefined;
  /** While somebody listens in low latency. */
  readonly low: LowLatency;
  /** What it takes up of an earlier run or of another box, and hands over to one. */
  readonly handover: StreamHandover;
  /** What is heard of it, and when. */
  readonly played = new PlayedTags();
  readonly #options: StreamOptions;
  readonly #clock: Clock;
  readonly #life = new Life();
  readonly #shelf: Shelf;
  readonly #labels: SegmentLabels;
  readonly #releases = new Releases();
  readonly #publishers: Publishers;
  readonly #intake: SegmentIntake;
  /** Who sends, or has said goodbye and brings silence. */
  #session: JoinedSession | undefined;

  constructor(name: string, options: StreamOptions) {
    this.name = name;
    this.#options = options;
    this.#clock = options.clock;
    this.#labels = new SegmentLabels(options.clock, options.numbering.mediaSequence);
    this.#shelf = new Shelf(options.files, options.pool);
    this.#publishers = new Publishers(options, {
      onEnd: () => this.#life.move({ phase: "ended" }),
      onVersion: (format, segments) => this.#show(format, segments),
      onMainVersion: (at) => this.#versionIsOut(at),
      onLeft: (segments) => this.#retire(segments),
    });
    this.#intake = new SegmentIntake({
      ...{ clock: options.clock, labels: this.#labels, shelf: this.#shelf },
      ...{ publishers: this.#publishers, maker: options.maker },
      numbersAhead: options.onNumbers && new NumbersAhead(options.clock, options.onNumbers),
    });
    this.low = new LowLatency({
      ...{ ...options, name, places: options.lowPlaces, played: this.played },
      ...{ labels: this.#labels, main: this.#publishers.main },
      showOpen: (shown) => options.reservation.showOpen(shown),
      onVersion: (files) => options.onLowVersion?.(files),
      onRefused: () => options.onLowRefused?.(),
      maker: () => this.#intake.maker,
      source: () => ({
        ...{ segmenter: this.#session?.feeder.segmenter, config: this.config },
        ended: ["ending", "ended"].includes(this.#life.state.phase),
        goesOn: this.handover.goesOn,
      }),
    });
    this.handover = new StreamHandover({
      ...{ options, life: this.#life, shelf: this.#shelf, labels: this.#labels, stream: this },
      ...{ publishers: this.#publishers, intake: this.#intake, low: this.low },
      cut: () => this.#session?.feeder.cut(),
      part: () => this.#part(),
      goesAt: () => this.#goesAt,
    });
  }

  /** As `StreamHandover.restore`. */
  restore(run: EarlierRun): void {
    this.handover.restore(run);
  }

  /** What players get in the playlist `file`, by default that of the first format. */
  playlist(file?: string): ServedPlaylist | undefined {
    return this.#publishers.version(file);
  }

  /** As `ServedStream.isAwaited`. */
  get isAwaited(): boolean {
    return this.handover.goesOn && this.playlist() === undefined;
  }

  /** A master playlist, with bandwidths as measured; `undefined` before the first segment. */
  get masterPlaylist(): string | undefined {
    const { format, segments } = this.#publishers.main;
    return renderMasterPlaylist(format.playlistFile, this.config, segments);
  }

  /** What is heard, or was heard last; `undefined` before the first. */
  get presentation(): Presentation | undefined {
    return this.#life.presentation;
  }

  /** Playing time of what is listed. */
  get durationMs(): number {
    return this.#publishers.main.durationMs;
  }

  /** Whether a session sends, or is not yet heard to its end. */
  get heard(): boolean {
    const sends = this.#session !== undefined && this.#life.state.phase === "live";
    return sends || !this.#releases.isEmpty;
  }

  /** Where the numbering of a later presentation begins. */
  get next(): Numbering {
    return this.#intake.next;
  }

  /** When what is due at `dueMs` is heard by its playlists, in milliseconds since the epoch. */
  wallMsOf(dueMs: number): number {
    return this.#labels.wallMsOf(dueMs);
  }

  /** Where its last seconds are. */
  get recent(): RecentAudio {
    const segmenter = this.#session?.feeder.segmenter;
    return { main: this.#publishers.main, files: this.#options.files, segmenter, stream: this };
  }

  /** A segment's bytes where they are in memory; valid until the next await. */
  segment(file: string): Uint8Array<ArrayBuffer> | undefined {
    return this.#shelf.get(file)?.bytes;
  }

  /** Names of the segments' files that are not known to be written: they are in memory. */
  get unwritten(): readonly string[] {
    return this.#shelf.unwritten;
  }

  /** A session's segments follow. */
  join(feeder: SegmentSource): void {
    // Another box has the name since its session began.
    if (this.handover.isElsewhere) return;
    const isNew = this.#life.state.phase === "ended";
    this.#part();
    this.#life.move({ phase: "live" });
    this.#retire(this.#publishers.begin(isNew));
    const isFirst = this.#publishers.main.isEmpty;
    const isStart = isFirst && (isNew || !this.handover.goesOn);
    if (isStart) this.#addPreroll();
    this.#labels.join(this.#publishers.main.isEmpty);
    const now = this.#clock.awake();
    this.#session = new JoinedSession(feeder, this.#options.targetMs, now);
    this.played.join(isNew);
    this.low.join(isStart);
    this.#awaitNext(now);
  }

  /** The next segment. */
  add(cut: CutSegment): void {
    if (this.handover.isElsewhere) return;
    this.#session?.brought(cut);
    this.#intake.take(cut);
  }

  /**
   * The session that joined has ended. After a goodbye it brings silence in the grace.
   * @param onReleased called when its last listener has heard it to the end
   */
  leave(how: SessionEnd, onReleased: () => void): void {
    const { phase } = this.#life.state;
    if (phase !== "live" && phase !== "elsewhere") return;
    this.#releases.add(this.#clock.awake() + this.durationMs, onReleased);
    if (phase === "elsewhere") return;
    if (how === "finished") return this.#awaitReturn();
    if (how === "teardown") return this.#end();
    this.#part();
    if (how === "lost") this.#life.move({ phase: "live", goesAt: this.#goesAt });
  }

  /** Nobody needs to wait any more for the return of the session that left last, if it is `id`. */
  endNow(id: number): void {
    if (this.#life.state.phase === "grace" && this.#session?.feeder.sessionId === id) this.#end();
  }

  /** Lists what there is without waiting for the cadence; resolves when that is on disk. */
  async flush(): Promise<void> {
    this.#part();
    await this.#publishers.flush();
  }

  /** Lets go of what may go by now. Called every second or so. */
  sweep(): void {
    const now = this.#clock.awake();
    this.#shelf.sweep(now);
    this.low.sweep(this.#keepMs);
    this.#releases.sweep(now);
    if (this.#life.isOver(now)) this.#clear();
  }

  /** Stops all timers; what is on disk stays. */
  close(): void {
    this.#publishers.close();
    this.#life.close();
    this.#releases.sweep(Infinity);
  }

  #addPreroll(): void {
    this.#life.begin();
    this.#intake.takePreroll(this.#options.preroll.entries);
  }

  /** A version lists `segments`: where they are written, memory need not have them any more. */
  #show({ playlistFile }: SegmentFormat, segments: readonly Segment[]): void {
    this.#options.onVersion?.(playlistFile, segments);
    this.#shelf.settle(segments);
  }

  #versionIsOut(at: number): void {
    if (this.#life.state.phase === "ended") {
      this.#life.move({ phase: "ended", goesAt: this.#goesAt });
    } else this.#awaitNext(at);
    if (this.#life.state.phase === "live") this.#session?.feeder.listed();
  }

  #awaitNext(versionAt: number): void {
    this.#session?.awaitNext(versionAt, () => {
      // It lacks nothing where there is one that players are about to see.
      return this.#publishers.main.isBusy ? 0 : this.#session?.feeder.missingFrames() ?? 0;
    });
  }

  #awaitReturn(): void {
    const timer = this.#clock.after(END_GRACE_MS, () => this.#end());
    this.#life.move({ phase: "grace", timer });
  }

  /** Nothing more comes of the session that joined last. */
  #part(): void {
    this.#session?.leave();
    this.#session = undefined;
  }

  #end(): void {
    this.#part();
    this.#life.move({ phase: "ending" });
    this.low.end();
    this.#publishers.end();
  }

  #retire(segments: readonly Segment[]): void {
    this.#shelf.retire(segments, this.#clock.awake() + this.#keepMs);
  }

  /** How long segments stay to be had that have left the playlist. */
  get #keepMs(): number {
    return Math.max(KEEP_MS, this.#publishers.main.longestMs + this.#intake.longestMs);
  }

  /** When all of it goes, where nobody sends any more: when its last segment may. */
  get #goesAt(): number {
    return this.#clock.awake() + this.durationMs + this.#keepMs;
  }

  #clear(): void {
    this.#life.move({ phase: "gone" });
    this.low.close();
    this.#publishers.clear();
    this.close();
    const { reservation, onGone } = this.#options;
    const cleared = [this.#shelf.clear(this.#publishers.files), reservation.settle(this.next)];
    onGone(this.next, Promise.all(cleared));
  }
}
