/**
 * What a playlist lists, and when: one version after the other, on disk and over HTTP.
 *
 * @module
 */
import type { Timer } from "../session/clock.ts";
import { entityTag } from "../web/entity_tag.ts";
import type { Segment } from "./segment.ts";
import { PLAYLIST_FILE } from "./stream_files.ts";
import type { PlaylistVersion, StreamOptions } from "./stream_options.ts";
import { type Numbering, Window } from "./window.ts";

/** Versions are at least this many of the playlist's own target durations apart (RFC 8216 6.2.1). */
const MIN_CADENCE = 0.5;
/** At this many target durations after the last version a ready segment is listed, written or not. */
const MAX_CADENCE = 1.4;
/** A segment is listed for this many target durations at least: players look once in each. */
const MIN_LISTED = 3;
/** A segment waits this many target durations for a slow disk. */
const MAX_WRITE = 0.5;

/** Who is told of the versions. */
export interface PublisherListener {
  /** A version is out. */
  onVersion(): void;
  /** Segments have left the playlist. */
  onLeft(segments: readonly Segment[]): void;
}

/** A playlist that is `ending` has its end in the next version; one that ended may begin again. */
type State = "open" | "ending" | "ended";

/**
 * Publishes the versions of one playlist. A segment is listed once its file and the playlist that
 * names it are written, or when players cannot wait any longer.
 */
export class Publisher {
  readonly #options: StreamOptions;
  readonly #listener: PublisherListener;
  #window: Window<Segment>;
  #state: State = "open";
  /** Segments that the next version lists. */
  #pending: Segment[] = [];
  #version: PlaylistVersion | undefined;
  #versionAt = -Infinity;
  #publishing: Promise<void> | undefined;
  #onDisk: Promise<void> = Promise.resolve();
  #newestText: Uint8Array | undefined;
  #cadenceTimer: Timer | undefined;
  #urgent = false;

  constructor(options: StreamOptions, listener: PublisherListener) {
    this.#options = options;
    this.#listener = listener;
    this.#window = new Window(options.targetDuration, options.numbering);
  }

  /** What players get; `undefined` before the first segment. */
  get version(): PlaylistVersion | undefined {
    return this.#version;
  }

  /** When that was published, on {@link Clock.awake}. */
  get versionAt(): number {
    return this.#versionAt;
  }

  /** What is listed. */
  get segments(): readonly Segment[] {
    return this.#window.segments;
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

  /** Whether the newest version tells players that nothing follows. */
  get ended(): boolean {
    return this.#state === "ended";
  }

  /** Whether nothing is listed nor about to be. */
  get isEmpty(): boolean {
    return this.#window.segments.length + this.#pending.length === 0;
  }

  /** Whether another version is about to be out. */
  get isBusy(): boolean {
    return this.#publishing !== undefined || this.#pending.length > 0;
  }

  /** Shows again what an earlier run listed. */
  restore(numbering: Numbering, segments: readonly Segment[], ended: boolean): void {
    this.#window = new Window(this.#options.targetDuration, numbering, segments);
    this.#state = ended ? "ended" : "open";
    this.#setVersion(new TextEncoder().encode(this.#render()));
  }

  /**
   * Segments of another session follow, in a new presentation where the last one has ended.
   * @returns the segments of that
   */
  begin(): readonly Segment[] {
    const left = this.ended ? this.#window.renew() : [];
    this.#state = "open";
    return left;
  }

  /** Has the next version list `segments` too. */
  add(...segments: Segment[]): void {
    this.#pending.push(...segments);
    this.#schedule();
  }

  /** Has the next version, which does not wait, tell players that nothing follows. */
  end(): void {
    this.#state = "ending";
    this.#schedule();
  }

  /** Lists what is ready without waiting for the cadence; resolves when that is on disk. */
  async flush(): Promise<void> {
    this.#urgent = true;
    this.#schedule();
    while (this.#publishing !== undefined) await this.#publishing;
    await this.#onDisk;
    this.#urgent = false;
  }

  /** Stops the timer; what is shown stays. */
  close(): void {
    this.#cadenceTimer?.cancel();
  }

  /** Shows nothing any more. */
  clear(): void {
    this.close();
    this.#version = undefined;
    this.#newestText = undefined;
  }

  #schedule(): void {
    const hasNext = this.#pending.length > 0 || this.#state === "ending";
    if (this.#publishing !== undefined || !hasNext) return;
    this.#cadenceTimer?.cancel();
    const { clock } = this.#options;
    const isUrgent = this.#urgent || this.#state === "ending";
    const dueIn = isUrgent ? 0 : this.#nextVersionAt - clock.awake();
    if (dueIn <= 0) this.#startPublishing();
    else this.#cadenceTimer = clock.after(dueIn, () => this.#startPublishing());
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
    if (this.#state === "ending") this.#state = "ended";
    const { clock, targetDuration } = this.#options;
    const seenBy = clock.awake() - MIN_LISTED * 1000 * targetDuration;
    const left = this.#window.slide(segments, ({ readyAt }) => readyAt <= seenBy);
    const text = new TextEncoder().encode(this.#render());
    this.#newestText = text;
    this.#onDisk = this.#write(segments, text, this.#onDisk);
    await this.#patience(this.#onDisk);
    const dueAt = this.#nextVersionAt;
    this.#setVersion(text);
    this.#listener.onVersion();
    this.#tellListed(segments, dueAt);
    this.#listener.onLeft(left);
  }

  #render(): string {
    return this.#window.render(this.ended);
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
    const { clock, targetMs, reservation } = this.#options;
    const now = clock.awake();
    const playersWaitUntil = this.#version === undefined
      ? Infinity
      : Math.max(now, this.#versionAt + MAX_CADENCE * targetMs);
    const latest = Math.min(now + MAX_WRITE * targetMs, playersWaitUntil);
    const late = Promise.withResolvers<void>();
    const timer = clock.after(latest - now, () => {
      reservation.tellWritten(false);
      late.resolve();
    });
    await Promise.race([onDisk, late.promise]);
    timer.cancel();
  }

  #setVersion(text: Uint8Array<ArrayBuffer>): void {
    this.#versionAt = this.#options.clock.awake();
    this.#version = { text, etag: entityTag(text) };
  }

  /** Preroll, which has no bytes here, belongs to no session. */
  #tellListed(segments: readonly Segment[], dueAt: number): void {
    for (const { uri, bytes, readyAt } of segments) {
      if (bytes === undefined) continue;
      this.#options.onListed?.(uri, Math.max(0, this.#versionAt - Math.max(readyAt, dueAt)));
    }
  }
}
