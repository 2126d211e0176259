/**
 * What a playlist lists, and when: one version after the other, on disk and over HTTP.
 *
 * @module
 */
import type { Timer } from "../session/clock.ts";
import { entityTag } from "../web/entity_tag.ts";
import type { ServedPlaylist } from "./origin.ts";
import type { SegmentFormat } from "./packager.ts";
import type { Segment } from "./segment.ts";
import type { StreamOptions } from "./stream_options.ts";
import { VersionFiles } from "./version_files.ts";
import { type Numbering, Window } from "./window.ts";

/** Who is told of the versions. */
export interface PublisherListener {
  /** A version is being written that tells players that nothing follows. */
  onEnd?(): void;
  /** A version is out, at `at` on `Clock.awake`, with `segments` that are new in it. */
  onVersion(at: number, segments: readonly Segment[]): void;
  /** Segments are listed since the last version, each so many milliseconds after it was due. */
  onListed?(file: string, lateMs: number): void;
  /** Segments have left the playlist. */
  onLeft(segments: readonly Segment[]): void;
}

/**
 * Publishes the versions of the playlist of one format. A segment is listed once its file and the
 * playlist that names it are written, or when players cannot wait any longer.
 */
export class PlaylistPublisher {
  readonly format: SegmentFormat;
  readonly #options: StreamOptions;
  readonly #listener: PublisherListener;
  #window: Window<Segment>;
  #next: NextVersion = { segments: [], isLast: false };
  #newest: NewestVersion | undefined;
  #publishing: Promise<void> | undefined;
  readonly #disk: VersionFiles;
  #cadenceTimer: Timer | undefined;
  #listing: Listing = "on";

  constructor(format: SegmentFormat, options: StreamOptions, listener: PublisherListener) {
    this.format = format;
    this.#options = options;
    this.#listener = listener;
    this.#disk = new VersionFiles(format.playlistFile, options);
    this.#window = new Window(options.targetDuration, options.numbering);
  }

  /** What players get; `undefined` before the first segment. */
  get version(): ServedPlaylist | undefined {
    return this.#newest?.version;
  }

  /** What is listed. */
  get segments(): readonly Segment[] {
    return this.#window.segments;
  }

  /** What is listed, and what is about to be. */
  get known(): readonly Segment[] {
    return [...this.#window.segments, ...this.#next.segments];
  }

  /** The numbers of the first of them. */
  get numbering(): Numbering {
    return this.#window.begin;
  }

  /** Playing time of what is listed. */
  get durationMs(): number {
    return this.#window.durationMs;
  }

  /** The longest that ever was. */
  get longestMs(): number {
    return this.#window.longestMs;
  }

  /** Numbers that nothing listed so far has. */
  get next(): Numbering {
    return this.#window.next;
  }

  /** Whether nothing is listed nor about to be. */
  get isEmpty(): boolean {
    return this.#window.segments.length + this.#next.segments.length === 0;
  }

  /** Whether another version is about to be out. */
  get isBusy(): boolean {
    return this.#publishing !== undefined || this.#next.segments.length > 0;
  }

  /** How many of {@link known} are in no version, nor in one that is being written. */
  get unlisted(): number {
    return this.#next.segments.length;
  }

  /** How long ago the newest version was out, in milliseconds; 0 where one is about to be. */
  get listedAgoMs(): number {
    if (this.#publishing !== undefined || this.#newest === undefined) return 0;
    return this.#options.clock.awake() - this.#newest.at;
  }

  /**
   * Shows again what an earlier run, or another box, listed.
   * @param agoMs how long ago that was, in milliseconds
   */
  restore(numbering: Numbering, segments: readonly Segment[], ended: boolean, agoMs = 0): void {
    this.#window = new Window(this.#options.targetDuration, numbering, segments);
    this.#show(this.#render(ended), this.#options.clock.awake() - agoMs);
  }

  /** Goes on behind `segments`, which an earlier run listed in another format. */
  restoreBehind(numbering: Numbering, segments: readonly Segment[]): void {
    const { targetDuration } = this.#options;
    this.#window = new Window(targetDuration, new Window(targetDuration, numbering, segments).end);
  }

  /**
   * Segments of another session follow.
   * @param isNew whether they are those of a new presentation, as the last one has ended
   * @returns the segments that have left the playlist for it
   */
  begin(isNew: boolean): readonly Segment[] {
    this.#next.isLast = false;
    return isNew ? this.#window.renew() : [];
  }

  /** Has the next version list `segments` too. */
  add(...segments: Segment[]): void {
    this.#next.segments.push(...segments);
    this.#schedule();
  }

  /** Has the next version, which does not wait, tell players that nothing follows. */
  end(): void {
    this.#next.isLast = true;
    this.#schedule();
  }

  /** Begins no version until {@link thaw}. */
  freeze(): void {
    this.#cadenceTimer?.cancel();
    if (this.#listing === "on") this.#listing = "frozen";
  }

  /** Ends {@link freeze}. */
  thaw(): void {
    if (this.#listing === "frozen") this.#listing = "on";
    this.#schedule();
  }

  /** Has no other version out, nor on disk: another box goes on with it. */
  letGo(): void {
    this.close();
    this.#listing = "over";
    this.#next = { segments: [], isLast: false };
    this.#disk.close();
  }

  /** Lists what is ready without waiting for the cadence; resolves when that is on disk. */
  async flush(): Promise<void> {
    while (this.isBusy) {
      if (this.#publishing === undefined) this.#startPublishing();
      await this.#publishing;
    }
    await this.#disk.written;
  }

  /** Stops the timer; what is shown stays. */
  close(): void {
    this.#cadenceTimer?.cancel();
  }

  /** Shows nothing any more. */
  clear(): void {
    this.close();
    this.#newest = undefined;
    this.#disk.close();
  }

  #schedule(): void {
    const { segments, isLast } = this.#next;
    const isDue = segments.length > 0 || isLast;
    if (this.#publishing !== undefined || !isDue || this.#listing !== "on") return;
    this.#cadenceTimer?.cancel();
    const { clock } = this.#options;
    const mayBeOutAt = this.#mayBeOutAt;
    const dueIn = isLast || mayBeOutAt === undefined ? 0 : mayBeOutAt - clock.awake();
    if (dueIn <= 0) this.#startPublishing();
    else this.#cadenceTimer = clock.after(dueIn, () => this.#startPublishing());
  }

  /** The earliest time of the next version; `undefined` where it is the first. */
  get #mayBeOutAt(): number | undefined {
    if (this.#newest === undefined) return undefined;
    return this.#newest.at + MIN_CADENCE * 1000 * this.#options.targetDuration;
  }

  #startPublishing(): void {
    this.#cadenceTimer?.cancel();
    this.#publishing = this.#publish().finally(() => {
      this.#publishing = undefined;
      this.#schedule();
    });
  }

  /** Makes a version of all that is ready. */
  async #publish(): Promise<void> {
    const { segments, isLast } = this.#next;
    this.#next = { segments: [], isLast: false };
    if (isLast) this.#listener.onEnd?.();
    const { clock, targetDuration } = this.#options;
    const seenBy = clock.awake() - MIN_LISTED * 1000 * targetDuration;
    const left = this.#window.slide(segments, ({ readyAt }) => {
      return readyAt === undefined || readyAt <= seenBy;
    });
    const text = this.#render(isLast);
    await this.#disk.write({ text, segments, next: this.#window.next }, this.#diskHasUntil);
    if (this.#listing === "over") return;
    const mayBeOutAt = this.#mayBeOutAt;
    const at = this.#show(text);
    this.#listener.onVersion(at, segments);
    this.#tellListed(segments, at, mayBeOutAt);
    this.#listener.onLeft(left);
  }

  #render(isLast: boolean): Uint8Array<ArrayBuffer> {
    return new TextEncoder().encode(this.format.renderPlaylist(this.#window.version(isLast)));
  }

  /** Until when a version waits for the disk, on `Clock.awake`: players cannot wait any longer. */
  get #diskHasUntil(): number {
    const { clock, targetMs } = this.#options;
    const now = clock.awake();
    const latest = now + MAX_WRITE * targetMs;
    if (this.#newest === undefined) return latest;
    return Math.min(latest, Math.max(now, this.#newest.at + MAX_CADENCE * targetMs));
  }

  /** @returns when that is, on `Clock.awake` */
  #show(text: Uint8Array<ArrayBuffer>, at = this.#options.clock.awake()): number {
    this.#newest = { at, version: { text, etag: entityTag(text) } };
    return at;
  }

  /** Preroll, which has no bytes here, belongs to no session. */
  #tellListed(segments: readonly Segment[], at: number, mayBeOutAt: number | undefined): void {
    for (const { uri, bytes, readyAt = at } of segments) {
      if (bytes === undefined) continue;
      const dueAt = Math.max(readyAt, mayBeOutAt ?? readyAt);
      this.#listener.onListed?.(uri, Math.max(0, at - dueAt));
    }
  }
}

/** What the next version brings. */
interface NextVersion {
  /** What it lists that the newest does not. */
  readonly segments: Segment[];
  /** Whether it tells players that nothing follows. */
  isLast: boolean;
}

/**
 * - `on`: versions come
 * - `frozen`: another box may go on with it, so none begins
 * - `over`: another box goes on with it
 */
type Listing = "on" | "frozen" | "over";

/** What players get, and since when, on `Clock.awake`. */
interface NewestVersion {
  readonly at: number;
  readonly version: ServedPlaylist;
}

/** Versions are at least this many of the playlist's own target durations apart (RFC 8216 6.2.1). */
const MIN_CADENCE = 0.5;
/** At this many target durations after the last version a ready segment is listed, written or not. */
const MAX_CADENCE = 1.4;
/** A segment is listed for this many target durations at least: players look once in each. */
const MIN_LISTED = 3;
/** A segment waits this many target durations for a slow disk. */
const MAX_WRITE = 0.5;
