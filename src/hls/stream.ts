/**
 * One name's stream over HLS: what its sessions and its preroll bring, and how long that is kept.
 *
 * @module
 */
import type { Clock, Timer } from "../session/clock.ts";
import type { SessionEnd } from "../session/frame_sink.ts";
import { Publisher } from "./publisher.ts";
import type { CutSegment } from "./segmenter.ts";
import { Shelf } from "./shelf.ts";
import { PLAYLIST_FILE, SEGMENT_FILE } from "./stream_files.ts";
import type { PlaylistVersion, StreamFeeder, StreamOptions } from "./stream_options.ts";
import { renderMasterPlaylist } from "./master_playlist.ts";
import { type MediaPlaylist, type SegmentEntry, segmentName } from "./playlist.ts";
import { ON_DISK, restoredSegment, type Segment } from "./segment.ts";
import { WallTime } from "./wall_time.ts";
import type { Numbering } from "./window.ts";

/**
 * This many target durations after the last version, the open segment is completed with silence, so
 * that the next version is out at 1.4 of them.
 */
const COMPLETE_CADENCE = 1.25;
/** How long a segment stays to be had once it has left the playlist. */
const KEEP_MS = 38_000;
/** How long a broadcast that ended on purpose may come back before its playlist is ended. */
const END_GRACE_MS = 10_000;

/** The playlist and the segments of one name, over all its sessions. */
export class HlsStream {
  readonly name: string;
  /** RFC 6381 name of what the segments hold. */
  codecs = "mp4a.40.2";
  readonly #options: StreamOptions;
  readonly #clock: Clock;
  readonly #publisher: Publisher;
  readonly #shelf: Shelf;
  readonly #releases: { readonly at: number; readonly onReleased: () => void }[] = [];
  readonly #wallTime: WallTime;
  #nextSequence: number;
  #graceTimer: Timer | undefined;
  #feeder: StreamFeeder | undefined;
  #sessionId = 0;
  /** Whether the next segment is the first of a session and does not continue what is listed. */
  #joined = false;
  #expiresAt = Infinity;
  /** By when players need the open segment, on {@link Clock.awake}. */
  #dueAt = 0;
  /** The same, where the newest segment was completed and the next one keeps its pace. */
  #pacedDueAt: number | undefined;
  #longestSegmentMs = 0;

  constructor(name: string, options: StreamOptions) {
    this.name = name;
    this.#options = options;
    this.#clock = options.clock;
    this.#wallTime = new WallTime(options.clock);
    this.#shelf = new Shelf(options.files, options.pool);
    this.#publisher = new Publisher(options, {
      onVersion: () => this.#versionIsOut(),
      onLeft: (segments) => this.#retire(segments),
    });
    this.#nextSequence = options.numbering.mediaSequence;
  }

  /**
   * Takes up what an earlier run of the server left on disk, to be called before anything else.
   * @param playlist the last version, where the broadcast may still join it
   * @param files all its segments' files
   * @param ageMs how old that version is
   */
  restore(playlist: MediaPlaylist | undefined, files: readonly string[], ageMs: number): void {
    const leftMs = playlist === undefined ? 0 : durationMs(playlist) + KEEP_MS - ageMs;
    if (playlist !== undefined && leftMs > 0) this.#restoreWindow(playlist);
    const orphans = files.filter((file) => this.#shelf.get(file) === undefined).map((uri) =>
      restoredSegment({ uri, durationUs: 0, discontinuity: false, wallMs: undefined }, -1)
    );
    for (const segment of orphans) this.#shelf.put(segment);
    const now = this.#clock.awake();
    this.#shelf.retire(orphans, now + Math.max(0, KEEP_MS - ageMs));
    this.#expiresAt = Math.max(now + leftMs, this.#shelf.lastGoesAt);
  }

  /** What players get; `undefined` before the first segment. */
  get playlist(): PlaylistVersion | undefined {
    return this.#publisher.version;
  }

  /** A master playlist, with bandwidths as measured; `undefined` before the first segment. */
  get masterPlaylist(): string | undefined {
    return renderMasterPlaylist(PLAYLIST_FILE, this.codecs, this.#publisher.segments);
  }

  /** Playing time of what is listed. */
  get durationMs(): number {
    return this.#publisher.durationMs;
  }

  /** Whether a session sends, or is not yet heard to its end. */
  get heard(): boolean {
    return this.#feeder !== undefined || this.#releases.length > 0;
  }

  /** Where the numbering of a later presentation begins. */
  get next(): Numbering {
    const { discontinuitySequence } = this.#publisher.next;
    return { mediaSequence: this.#nextSequence, discontinuitySequence };
  }

  /** A segment's bytes where they are in memory; valid until the next await. */
  segment(file: string): Uint8Array<ArrayBuffer> | undefined {
    return this.#shelf.get(file)?.bytes;
  }

  /** A session's segments follow. */
  join(feeder: StreamFeeder): void {
    this.#feeder = feeder;
    this.#sessionId = feeder.sessionId;
    this.#graceTimer?.cancel();
    this.#graceTimer = undefined;
    this.#expiresAt = Infinity;
    this.#retire(this.#publisher.begin());
    if (this.#publisher.isEmpty) this.#addPreroll();
    this.#joined = !this.#publisher.isEmpty;
    this.#wallTime.join();
    this.#pacedDueAt = undefined;
    this.#awaitNext(this.#clock.awake());
  }

  /** The next segment. */
  add(cut: CutSegment): void {
    const { durationUs } = cut;
    const wallMs = this.#wallTime.tell(cut.dueMs, durationUs / 1000);
    const uri = segmentName(this.#nextSequence, wallMs);
    const bytes = this.#options.pool.copy(cut.bytes);
    const written = this.#options.files.writeSegment(uri, bytes);
    const discontinuity = cut.discontinuity || this.#joined;
    this.#joined = false;
    this.#pacedDueAt = cut.endsInWait
      ? (this.#pacedDueAt ?? this.#dueAt) + durationUs / 1000
      : undefined;
    const segment = this.#number({ uri, durationUs, discontinuity, wallMs }, bytes, written);
    this.#shelf.put(segment);
    this.#publisher.add(segment);
  }

  /**
   * The session that joined has ended.
   * @param onReleased called when its last listener has heard it to the end
   */
  leave(how: SessionEnd, onReleased: () => void): void {
    this.#feeder?.stateNeed(undefined);
    this.#feeder = undefined;
    this.#releases.push({ at: this.#clock.awake() + this.durationMs, onReleased });
    if (how === "teardown") this.#publisher.end();
    else if (how === "finished") {
      this.#graceTimer = this.#clock.after(END_GRACE_MS, () => this.endNow(this.#sessionId));
    } else if (how === "lost") this.#expireLater();
  }

  /** Nobody needs to wait any more for the return of the session that left last, if it is `id`. */
  endNow(id: number): void {
    if (this.#graceTimer === undefined || id !== this.#sessionId) return;
    this.#graceTimer.cancel();
    this.#graceTimer = undefined;
    this.#publisher.end();
  }

  /** Lists what is ready without waiting for the cadence; resolves when that is on disk. */
  async flush(): Promise<void> {
    await this.#publisher.flush();
  }

  /** Lets go of what may go by now. Called every second or so. */
  sweep(): void {
    const now = this.#clock.awake();
    this.#shelf.sweep(now);
    while (this.#releases[0] !== undefined && this.#releases[0].at <= now) {
      this.#releases.shift()?.onReleased();
    }
    if (this.#expiresAt <= now) this.#expire();
  }

  /** Stops all timers; what is on disk stays. */
  close(): void {
    this.#publisher.close();
    this.#graceTimer?.cancel();
    while (this.#releases.length > 0) this.#releases.shift()?.onReleased();
  }

  #restoreWindow(playlist: MediaPlaylist): void {
    const segments = playlist.segments.map((entry, index) =>
      restoredSegment(entry, playlist.mediaSequence + index)
    );
    for (const segment of segments) {
      if (SEGMENT_FILE.test(segment.uri)) this.#shelf.put(segment);
    }
    const last = segments.at(-1);
    if (last?.wallMs !== undefined) {
      this.#wallTime.resume(last.wallMs + last.durationUs / 1000);
    }
    this.#nextSequence = playlist.mediaSequence + segments.length;
    this.#publisher.restore(playlist, segments, playlist.ended);
  }

  #addPreroll(): void {
    const { preroll } = this.#options;
    this.#publisher.add(...preroll.map((entry) => this.#number(entry, undefined, ON_DISK)));
  }

  #number(
    entry: SegmentEntry,
    bytes: Uint8Array<ArrayBuffer> | undefined,
    written: Promise<boolean>,
  ): Segment {
    const readyAt = this.#clock.awake();
    const sequence = this.#nextSequence++;
    this.#longestSegmentMs = Math.max(this.#longestSegmentMs, entry.durationUs / 1000);
    return { ...entry, sequence, bytes, size: bytes?.length ?? 0, written, readyAt };
  }

  #versionIsOut(): void {
    if (this.#publisher.ended) this.#expireLater();
    else this.#awaitNext(this.#publisher.versionAt);
    this.#feeder?.listed();
  }

  /**
   * Has the next segment completed where it does not come. The first wait makes room for late audio;
   * segments that follow one that was completed keep its pace, or players would run dry.
   */
  #awaitNext(fromMs: number): void {
    this.#dueAt = this.#pacedDueAt ?? fromMs + COMPLETE_CADENCE * this.#options.targetMs;
    this.#feeder?.stateNeed({ at: this.#dueAt, frames: () => this.#missingFrames });
  }

  /** What the next segment lacks; nothing where there is one that players are about to see. */
  get #missingFrames(): number {
    return this.#publisher.isBusy ? 0 : this.#feeder?.missingFrames() ?? 0;
  }

  #retire(segments: readonly Segment[]): void {
    this.#shelf.retire(segments, this.#clock.awake() + this.#keepMs);
  }

  /** How long segments stay to be had that have left the playlist. */
  get #keepMs(): number {
    return Math.max(KEEP_MS, this.#publisher.longestMs + this.#longestSegmentMs);
  }

  /** Nobody sends any more: all of it goes when its last segment may. */
  #expireLater(): void {
    this.#expiresAt = this.#clock.awake() + this.durationMs + this.#keepMs;
  }

  #expire(): void {
    this.#expiresAt = Infinity;
    this.#publisher.clear();
    this.close();
    const { reservation, onGone } = this.#options;
    const cleared = [this.#shelf.clear([PLAYLIST_FILE]), reservation.settle(this.next)];
    onGone(this.next, Promise.all(cleared));
  }
}

function durationMs({ segments }: MediaPlaylist): number {
  return segments.reduce((sum, { durationUs }) => sum + durationUs, 0) / 1000;
}
