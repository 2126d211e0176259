/**
 * One name's stream over HLS: what its sessions and its preroll bring, and how long that is kept.
 *
 * @module
 */
import type { Clock } from "../session/clock.ts";
import type { SessionEnd } from "../session/frame_sink.ts";
import { formatOf } from "./formats.ts";
import { JoinedSession } from "./joined_session.ts";
import { Life } from "./life.ts";
import { renderMasterPlaylist } from "./master_playlist.ts";
import type { ServedPlaylist } from "./origin.ts";
import type { SegmentFormat } from "./packager.ts";
import { durationMs, type MediaPlaylist } from "./playlist.ts";
import { PlaylistPublisher, type PublisherListener } from "./playlist_publisher.ts";
import { Releases } from "./releases.ts";
import { foundSegment, listedSegments, type Segment, segmentOnDisk } from "./segment.ts";
import { segmentName } from "./segment_name.ts";
import type { CutSegment } from "./segmenter.ts";
import { Shelf } from "./shelf.ts";
import type { SegmentSource, StreamOptions } from "./stream_options.ts";
import { WallTime } from "./wall_time.ts";
import type { Numbering } from "./window.ts";

/** The playlists and the segments of one name, over all its sessions. */
export class HlsStream {
  readonly name: string;
  /** RFC 6381 name of what the segments hold. */
  codecs = "mp4a.40.2";
  readonly #options: StreamOptions;
  readonly #clock: Clock;
  readonly #life = new Life();
  /** What is heard, or was heard last; `undefined` where nothing can be. */
  readonly presentation = () => this.#life.presentation;
  readonly #shelf: Shelf;
  readonly #wallTime: WallTime;
  readonly #releases = new Releases();
  /** Of the first format, whose versions set the pace. */
  readonly #main: PlaylistPublisher;
  /** Of all formats, in their order. */
  readonly #publishers: readonly PlaylistPublisher[];
  #nextSequence: number;
  /** Who sends, or has said goodbye and brings silence. */
  #session: JoinedSession | undefined;
  /** The number of a session's first segment, where that does not continue what is listed. */
  #joinsAt: number | undefined;
  #longestSegmentMs = 0;

  constructor(name: string, options: StreamOptions) {
    this.name = name;
    this.#options = options;
    this.#clock = options.clock;
    this.#wallTime = new WallTime(options.clock);
    this.#shelf = new Shelf(options.files, options.pool);
    const [first, ...others] = options.formats;
    this.#main = new PlaylistPublisher(first, options, {
      ...this.#follower(first),
      onEnd: () => this.#life.move({ phase: "ended" }),
      onVersion: (at, segments) => {
        this.#show(first, segments);
        this.#versionIsOut(at);
      },
      onListed: (file, lateMs) => options.onListed?.(file, lateMs),
    });
    const followers = others.map((format) =>
      new PlaylistPublisher(format, options, this.#follower(format))
    );
    this.#publishers = [this.#main, ...followers];
    this.#nextSequence = options.numbering.mediaSequence;
  }

  /**
   * Takes up what an earlier run of the server left on disk, to be called before anything else.
   * @param playlist the last version in the first format, where the broadcast may still join it
   * @param files all its segments' files
   * @param ageMs how old that version is
   */
  restore(playlist: MediaPlaylist | undefined, files: readonly string[], ageMs: number): void {
    const leftMs = playlist === undefined ? 0 : durationMs(playlist) + KEEP_MS - ageMs;
    const isJoined = playlist !== undefined && leftMs > 0;
    if (isJoined) this.#restoreWindow(playlist);
    const orphans = files.filter((file) => this.#shelf.get(file) === undefined).map(foundSegment);
    for (const segment of orphans) this.#shelf.put(segment);
    const now = this.#clock.awake();
    this.#shelf.retire(orphans, now + Math.max(0, KEEP_MS - ageMs));
    const goesAt = Math.max(now + leftMs, this.#shelf.lastGoesAt ?? now);
    this.#life.move({ phase: isJoined && playlist.ended ? "ended" : "live", goesAt });
  }

  /** What players get in the playlist `file`, by default that of the first format. */
  playlist(file: string = this.#main.format.playlistFile): ServedPlaylist | undefined {
    return this.#publishers.find(({ format }) => format.playlistFile === file)?.version;
  }

  /** A master playlist, with bandwidths as measured; `undefined` before the first segment. */
  get masterPlaylist(): string | undefined {
    const { format, segments } = this.#main;
    return renderMasterPlaylist(format.playlistFile, this.codecs, segments);
  }

  /** Playing time of what is listed. */
  get durationMs(): number {
    return this.#main.durationMs;
  }

  /** Whether a session sends, or is not yet heard to its end. */
  get heard(): boolean {
    const sends = this.#session !== undefined && this.#life.state.phase === "live";
    return sends || !this.#releases.isEmpty;
  }

  /** Where the numbering of a later presentation begins. */
  get next(): Numbering {
    const { discontinuitySequence } = this.#main.next;
    return { mediaSequence: this.#nextSequence, discontinuitySequence };
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
    const isNew = this.#life.state.phase === "ended";
    this.#part();
    this.#life.move({ phase: "live" });
    for (const publisher of this.#publishers) this.#retire(publisher.begin(isNew));
    if (this.#main.isEmpty) this.#addPreroll();
    this.#joinsAt = this.#main.isEmpty ? undefined : this.#nextSequence;
    this.#wallTime.join();
    const now = this.#clock.awake();
    this.#session = new JoinedSession(feeder, this.#options.targetMs, now);
    this.#awaitNext(now);
  }

  /** The next segment. */
  add(cut: CutSegment): void {
    this.#session?.brought(cut);
    const { durationUs } = cut;
    const wallMs = this.#wallTime.tell(cut.dueMs, durationUs / 1000);
    const sequence = this.#nextSequence++;
    const discontinuity = cut.discontinuity || sequence === this.#joinsAt;
    this.#longestSegmentMs = Math.max(this.#longestSegmentMs, durationUs / 1000);
    for (const [i, bytes] of cut.packages.entries()) {
      const publisher = this.#publishers[i];
      if (publisher === undefined) continue;
      const uri = segmentName(sequence, wallMs, publisher.format.extension);
      const entry = { uri, sequence, durationUs, discontinuity, wallMs };
      publisher.add(this.#shelf.keep(entry, bytes, this.#clock.awake()));
    }
  }

  /**
   * The session that joined has ended. After a goodbye it brings silence in the grace.
   * @param onReleased called when its last listener has heard it to the end
   */
  leave(how: SessionEnd, onReleased: () => void): void {
    if (this.#life.state.phase !== "live") return;
    this.#releases.add(this.#clock.awake() + this.durationMs, onReleased);
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
    await Promise.all(this.#publishers.map((publisher) => publisher.flush()));
  }

  /** Lets go of what may go by now. Called every second or so. */
  sweep(): void {
    const now = this.#clock.awake();
    this.#shelf.sweep(now);
    this.#releases.sweep(now);
    if (this.#life.isOver(now)) this.#clear();
  }

  /** Stops all timers; what is on disk stays. */
  close(): void {
    for (const publisher of this.#publishers) publisher.close();
    this.#life.close();
    this.#releases.sweep(Infinity);
  }

  #restoreWindow(playlist: MediaPlaylist): void {
    this.#life.begin();
    const segments = listedSegments(playlist);
    for (const ours of segments.filter(({ uri }) => formatOf(uri))) this.#shelf.put(ours);
    const last = segments.at(-1);
    if (last?.wallMs !== undefined) {
      this.#wallTime.resume(last.wallMs + last.durationUs / 1000);
    }
    this.#nextSequence = playlist.mediaSequence + segments.length;
    const [main, ...others] = this.#publishers;
    main?.restore(playlist, segments, playlist.ended);
    for (const publisher of others) publisher.restoreBehind(playlist, segments);
  }

  /** All of it is in one version. */
  #addPreroll(): void {
    this.#life.begin();
    const { preroll } = this.#options;
    const now = this.#clock.awake();
    const segments = preroll.map((entry) => {
      this.#longestSegmentMs = Math.max(this.#longestSegmentMs, entry.durationUs / 1000);
      return segmentOnDisk({ ...entry, sequence: this.#nextSequence++ }, now);
    });
    for (const publisher of this.#publishers) publisher.add(...segments);
  }

  /** Listens to a publisher that does not set the pace. */
  #follower(format: SegmentFormat): PublisherListener {
    return {
      onVersion: (_, segments) => this.#show(format, segments),
      onLeft: (segments) => this.#retire(segments),
    };
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
    this.#session?.awaitNext(versionAt, () => this.#missingFrames);
  }

  /** What the next segment lacks; nothing where there is one that players are about to see. */
  get #missingFrames(): number {
    return this.#main.isBusy ? 0 : this.#session?.feeder.missingFrames() ?? 0;
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
    for (const publisher of this.#publishers) publisher.end();
  }

  #retire(segments: readonly Segment[]): void {
    this.#shelf.retire(segments, this.#clock.awake() + this.#keepMs);
  }

  /** How long segments stay to be had that have left the playlist. */
  get #keepMs(): number {
    return Math.max(KEEP_MS, this.#main.longestMs + this.#longestSegmentMs);
  }

  /** When all of it goes, where nobody sends any more: when its last segment may. */
  get #goesAt(): number {
    return this.#clock.awake() + this.durationMs + this.#keepMs;
  }

  #clear(): void {
    this.#life.move({ phase: "gone" });
    for (const publisher of this.#publishers) publisher.clear();
    this.close();
    const { reservation, onGone } = this.#options;
    const playlists = this.#publishers.map(({ format }) => format.playlistFile);
    const cleared = [this.#shelf.clear(playlists), reservation.settle(this.next)];
    onGone(this.next, Promise.all(cleared));
  }
}

/** How long a segment stays to be had once it has left the playlist. */
const KEEP_MS = 38_000;
/** How long a broadcast that ended on purpose may come back before its playlist is ended. */
const END_GRACE_MS = 10_000;
