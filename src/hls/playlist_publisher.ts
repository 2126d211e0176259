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
  #onDisk: Promise<void> = Promise.resolve();
  /** The text of the newest version that is to be written. */
  #newestText: Uint8Array | undefined;
  #cadenceTimer: Timer | undefined;

  constructor(format: SegmentFormat, options: StreamOptions, listener: PublisherListener) {
    this.format = format;
    this.#options = options;
    this.#listener = listener;
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

  /** Shows again what an earlier run listed. */
  restore(numbering: Numbering, segments: readonly Segment[], ended: boolean): void {
    this.#window = new Window(this.#options.targetDuration, numbering, segments);
    this.#show(this.#render(ended));
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

  /** Lists what is ready without waiting for the cadence; resolves when that is on disk. */
  async flush(): Promise<void> {
    while (this.isBusy) {
      if (this.#publishing === undefined) this.#startPublishing();
      await this.#publishing;
    }
    await this.#onDisk;
  }

  /** Stops the timer; what is shown stays. */
  close(): void {
    this.#cadenceTimer?.cancel();
  }

  /** Shows nothing any more. */
  clear(): void {
    this.close();
    this.#newest = undefined;
    this.#newestText = undefined;
  }

  #schedule(): void {
    const { segments, isLast } = this.#next;
    if (this.#publishing !== undefined || !(segments.length > 0 || isLast)) return;
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
    this.#newestText = text;
    this.#onDisk = this.#write(segments, text, this.#onDisk);
    await this.#patience(this.#onDisk);
    const mayBeOutAt = this.#mayBeOutAt;
    const at = this.#show(text);
    this.#listener.onVersion(at, segments);
    this.#tellListed(segments, at, mayBeOutAt);
    this.#listener.onLeft(left);
  }

  #render(isLast: boolean): Uint8Array<ArrayBuffer> {
    return new TextEncoder().encode(this.format.renderPlaylist(this.#window.version(isLast)));
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
    const written = await files.replacePlaylist(this.format.playlistFile, text);
    if (written && text === this.#newestText) await reservation.tellWritten(true);
  }

  /** Waits for the disk, but no longer than players can. */
  async #patience(onDisk: Promise<void>): Promise<void> {
    const { clock, targetMs, reservation } = this.#options;
    const now = clock.awake();
    const diskHasUntil = now + MAX_WRITE * targetMs;
    const latest = this.#newest === undefined
      ? diskHasUntil
      : Math.min(diskHasUntil, Math.max(now, this.#newest.at + MAX_CADENCE * targetMs));
    const late = Promise.withResolvers<void>();
    const timer = clock.after(latest - now, () => {
      reservation.tellWritten(false);
      late.resolve();
    });
    await Promise.race([onDisk, late.promise]);
    timer.cancel();
  }

  /** @returns when that is, on `Clock.awake` */
  #show(text: Uint8Array<ArrayBuffer>): number {
    const at = this.#options.clock.awake();
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
