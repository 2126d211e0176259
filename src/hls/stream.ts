import type { Clock, Timer } from "../session/clock.ts";
import type { SessionEnd } from "../session/frame_sink.ts";
import { entityTag } from "../web/entity_tag.ts";
import type { CutSegment } from "./segmenter.ts";
import { Shelf } from "./shelf.ts";
import { PLAYLIST_FILE, SEGMENT_FILE } from "./stream_files.ts";
import type { PlaylistVersion, StreamFeeder, StreamOptions } from "./stream_options.ts";
import { renderMasterPlaylist } from "./master_playlist.ts";
import { type MediaPlaylist, type SegmentEntry, segmentName } from "./playlist.ts";
import { ON_DISK, restoredSegment, type Segment } from "./segment.ts";
import { WallTime } from "./wall_time.ts";
import { type Numbering, Window } from "./window.ts";

/** Versions are at least this many of the playlist's own target durations apart (RFC 8216 6.2.1). */
const MIN_CADENCE = 0.5;
/** At this many target durations the open segment is completed with silence … */
const COMPLETE_CADENCE = 1.25;
/** … and at this many a ready segment is listed, written or not. */
const MAX_CADENCE = 1.4;
/** A segment is listed for this many target durations at least: players look once in each. */
const MIN_LISTED = 3;
/** A segment waits this many target durations for a slow disk. */
const MAX_WRITE = 0.5;
/** How long a segment stays to be had once it has left the playlist. */
const KEEP_MS = 38_000;
/** How long a broadcast that ended on purpose may come back before its playlist is ended. */
const END_GRACE_MS = 10_000;

/**
 * The playlist and the segments of one name, over all its sessions. A segment is listed once its
 * file and the playlist that names it are written, or when players cannot wait any longer.
 */
export class HlsStream {
  readonly name: string;
  /** RFC 6381 name of what the segments hold. */
  codecs = "mp4a.40.2";
  readonly #options: StreamOptions;
  readonly #clock: Clock;
  readonly #targetMs: number;
  #window: Window<Segment>;
  readonly #shelf: Shelf;
  readonly #releases: { readonly at: number; readonly onReleased: () => void }[] = [];
  #pending: Segment[] = [];
  #nextSequence: number;
  #version: PlaylistVersion | undefined;
  #versionAt = -Infinity;
  #publishing: Promise<void> | undefined;
  #onDisk: Promise<void> = Promise.resolve();
  #newestText: Uint8Array | undefined;
  #cadenceTimer: Timer | undefined;
  #graceTimer: Timer | undefined;
  #feeder: StreamFeeder | undefined;
  #sessionId = 0;
  #urgent = false;
  #joined = false;
  #ending = false;
  #ended = false;
  #expiresAt = Infinity;
  /** By when players need the open segment, on {@link Clock.awake}. */
  #dueAt = 0;
  /** The same, where the newest segment was completed and the next one keeps its pace. */
  #pacedDueAt: number | undefined;
  #longestSegmentMs = 0;
  readonly #wallTime: WallTime;

  constructor(name: string, options: StreamOptions) {
    this.name = name;
    this.#options = options;
    this.#clock = options.clock;
    this.#targetMs = options.targetMs;
    this.#wallTime = new WallTime(options.clock);
    this.#shelf = new Shelf(options.files, options.pool);
    this.#window = new Window(options.targetDuration, options.numbering);
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
    return this.#version;
  }

  /** A master playlist, with bandwidths as measured; `undefined` before the first segment. */
  get masterPlaylist(): string | undefined {
    return renderMasterPlaylist(PLAYLIST_FILE, this.codecs, this.#window.segments);
  }

  /** Playing time of what is listed. */
  get durationMs(): number {
    return this.#window.durationMs;
  }

  /** Whether a session sends, or is not yet heard to its end. */
  get heard(): boolean {
    return this.#feeder !== undefined || this.#releases.length > 0;
  }

  /** Where the numbering of a later presentation begins. */
  get next(): Numbering {
    const { discontinuitySequence } = this.#window.next;
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
    if (this.#ended) this.#retire(this.#window.renew());
    this.#ended = false;
    this.#ending = false;
    if (this.#window.segments.length + this.#pending.length === 0) this.#addPreroll();
    this.#joined = this.#window.segments.length + this.#pending.length > 0;
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
    this.#enqueue({ uri, durationUs, discontinuity, wallMs }, bytes, written);
    this.#schedule();
  }

  /**
   * The session that joined has ended.
   * @param onReleased called when its last listener has heard it to the end
   */
  leave(how: SessionEnd, onReleased: () => void): void {
    this.#feeder?.stateNeed(undefined);
    this.#feeder = undefined;
    this.#releases.push({ at: this.#clock.awake() + this.durationMs, onReleased });
    if (how === "teardown") this.#endList();
    else if (how === "finished") {
      this.#graceTimer = this.#clock.after(END_GRACE_MS, () => this.endNow(this.#sessionId));
    } else if (how === "lost") this.#expireLater();
  }

  /** Nobody needs to wait any more for the return of the session that left last, if it is `id`. */
  endNow(id: number): void {
    if (this.#graceTimer === undefined || id !== this.#sessionId) return;
    this.#graceTimer.cancel();
    this.#graceTimer = undefined;
    this.#endList();
  }

  /** Lists what is ready without waiting for the cadence; resolves when that is on disk. */
  async flush(): Promise<void> {
    this.#urgent = true;
    this.#schedule();
    while (this.#publishing !== undefined) await this.#publishing;
    await this.#onDisk;
    this.#urgent = false;
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
    for (const timer of [this.#cadenceTimer, this.#graceTimer]) timer?.cancel();
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
    this.#window = new Window(this.#options.targetDuration, playlist, segments);
    this.#nextSequence = playlist.mediaSequence + segments.length;
    this.#ended = playlist.ended;
    this.#setVersion(new TextEncoder().encode(this.#window.render(this.#ended)));
  }

  #addPreroll(): void {
    for (const entry of this.#options.preroll) this.#enqueue(entry, undefined, ON_DISK);
    this.#schedule();
  }

  #enqueue(
    entry: SegmentEntry,
    bytes: Uint8Array<ArrayBuffer> | undefined,
    written: Promise<boolean>,
  ): void {
    const readyAt = this.#clock.awake();
    const sequence = this.#nextSequence++;
    const segment = { ...entry, sequence, bytes, size: bytes?.length ?? 0, written, readyAt };
    this.#longestSegmentMs = Math.max(this.#longestSegmentMs, entry.durationUs / 1000);
    if (bytes !== undefined) this.#shelf.put(segment);
    this.#pending.push(segment);
  }

  #schedule(): void {
    if (this.#publishing !== undefined || (this.#pending.length === 0 && !this.#ending)) return;
    this.#cadenceTimer?.cancel();
    const dueAt = this.#nextVersionAt;
    const dueIn = this.#urgent || this.#ending ? 0 : dueAt - this.#clock.awake();
    if (dueIn <= 0) this.#startPublishing();
    else this.#cadenceTimer = this.#clock.after(dueIn, () => this.#startPublishing());
  }

  /** The earliest time of the next version. */
  get #nextVersionAt(): number {
    return this.#versionAt + MIN_CADENCE * 1000 * this.#options.targetDuration;
  }

  #startPublishing(): void {
    this.#publishing = this.#publish().finally(() => {
      this.#publishing = undefined;
      this.#schedule();
    });
  }

  /** Makes a version of all that is ready. */
  async #publish(): Promise<void> {
    const segments = this.#pending;
    this.#pending = [];
    if (this.#ending) this.#ended = true;
    this.#ending = false;
    const seenBy = this.#clock.awake() - MIN_LISTED * 1000 * this.#options.targetDuration;
    const left = this.#window.slide(segments, ({ readyAt }) => readyAt <= seenBy);
    const text = new TextEncoder().encode(this.#window.render(this.#ended));
    this.#newestText = text;
    this.#onDisk = this.#write(segments, text, this.#onDisk);
    await this.#patience(this.#onDisk);
    const dueAt = this.#nextVersionAt;
    this.#show(text);
    this.#tellListed(segments, dueAt);
    this.#retire(left);
  }

  /** One version at a time; one that a newer waits for need not be written any more. */
  async #write(
    segments: readonly Segment[],
    text: Uint8Array,
    before: Promise<void>,
  ): Promise<void> {
    const { files, reservation } = this.#options;
    const reserved = reservation.cover(this.#window.next);
    await Promise.all([before, reserved, ...segments.map((segment) => segment.written)]);
    if (text !== this.#newestText) return;
    const written = await files.replacePlaylist(PLAYLIST_FILE, text);
    if (written && text === this.#newestText) await reservation.tellWritten(true);
  }

  /** Waits for the disk, but no longer than players can. */
  async #patience(onDisk: Promise<void>): Promise<void> {
    const now = this.#clock.awake();
    const playersWaitUntil = this.#version === undefined
      ? Infinity
      : Math.max(now, this.#versionAt + MAX_CADENCE * this.#targetMs);
    const latest = Math.min(now + MAX_WRITE * this.#targetMs, playersWaitUntil);
    const late = Promise.withResolvers<void>();
    const timer = this.#clock.after(latest - now, () => {
      this.#options.reservation.tellWritten(false);
      late.resolve();
    });
    await Promise.race([onDisk, late.promise]);
    timer.cancel();
  }

  #show(text: Uint8Array<ArrayBuffer>): void {
    this.#setVersion(text);
    if (this.#ended) this.#expireLater();
    else this.#awaitNext(this.#versionAt);
    this.#feeder?.listed();
  }

  /**
   * Has the next segment completed where it does not come. The first wait makes room for late audio;
   * segments that follow one that was completed keep its pace, or players would run dry.
   */
  #awaitNext(fromMs: number): void {
    this.#dueAt = this.#pacedDueAt ?? fromMs + COMPLETE_CADENCE * this.#targetMs;
    this.#feeder?.stateNeed({ at: this.#dueAt, frames: () => this.#missingFrames });
  }

  /** What the next segment lacks; nothing where there is one that players are about to see. */
  get #missingFrames(): number {
    const hasNext = this.#publishing !== undefined || this.#pending.length > 0;
    return hasNext ? 0 : this.#feeder?.missingFrames ?? 0;
  }

  /** Preroll is of no session and was due at no time. */
  #tellListed(segments: readonly Segment[], dueAt: number): void {
    for (const { uri, bytes, readyAt } of segments) {
      if (bytes === undefined) continue;
      this.#options.onListed?.(uri, Math.max(0, this.#versionAt - Math.max(readyAt, dueAt)));
    }
  }

  #setVersion(text: Uint8Array<ArrayBuffer>): void {
    this.#versionAt = this.#clock.awake();
    this.#version = { text, etag: entityTag(text) };
  }

  #endList(): void {
    this.#ending = true;
    this.#schedule();
  }

  #retire(segments: readonly Segment[]): void {
    this.#shelf.retire(segments, this.#clock.awake() + this.#keepMs);
  }

  /** How long segments stay to be had that have left the playlist. */
  get #keepMs(): number {
    return Math.max(KEEP_MS, this.#window.longestMs + this.#longestSegmentMs);
  }

  /** Nobody sends any more: all of it goes when its last segment may. */
  #expireLater(): void {
    this.#expiresAt = this.#clock.awake() + this.durationMs + this.#keepMs;
  }

  #expire(): void {
    this.#expiresAt = Infinity;
    this.#version = undefined;
    this.#newestText = undefined;
    this.close();
    const { reservation, onGone } = this.#options;
    const cleared = [this.#shelf.clear([PLAYLIST_FILE]), reservation.settle(this.next)];
    onGone(this.next, Promise.all(cleared));
  }
}

function durationMs({ segments }: MediaPlaylist): number {
  return segments.reduce((sum, { durationUs }) => sum + durationUs, 0) / 1000;
}
