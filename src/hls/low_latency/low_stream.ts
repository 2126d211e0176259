/**
 * A broadcast in low latency, from its frames to the versions of its playlist and the files that
 * these name. All of it is in memory.
 *
 * @module
 */
import type { AudioConfig } from "../../audio/audio_config.ts";
import { initSection } from "../../mp4/init_section.ts";
import type { Clock } from "../../session/clock.ts";
import type { TimedTags } from "../../session/tags.ts";
import { Fmp4Packager, type PackagedPart } from "../fmp4_packager.ts";
import type { FrameTap, SegmentBegun, Segmenter } from "../segmenter.ts";
import type { PlayedTags } from "../played_tags.ts";
import type { SegmentMaker } from "../segment_name.ts";
import type { Numbering } from "../window.ts";
import { guardedTap } from "./guarded_tap.ts";
import { initFile } from "./low_names.ts";
import type { LowPrerollSegment } from "./low_preroll.ts";
import { type LowPlaylist, renderLowPlaylist, type WholeSegment } from "./low_playlist.ts";
import { type LowEdge, LowWindow, type SegmentStart } from "./low_window.ts";
import { TagEvents } from "./tag_events.ts";
import { readTsFrames, type TsFrames } from "./ts_frames.ts";

/** A file of a broadcast in low latency. Its bytes do not change. */
export interface LowFile {
  readonly uri: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A version of the playlist. */
export interface LowVersion {
  readonly text: string;
  readonly edge: LowEdge;
  /** What it names that no version before did. */
  readonly files: readonly LowFile[];
}

export interface LowStreamOptions {
  readonly clock: Pick<Clock, "awake">;
  /** What `EXT-X-TARGETDURATION` says, in seconds. */
  readonly targetDuration: number;
  /** Those of the first segment. */
  readonly numbering: Numbering;
  /** As `SegmentStem.nonce`. */
  readonly nonce: string;
  /** As `SegmentStem.maker`. */
  readonly maker?: SegmentMaker | undefined;
  /** As `LowWindowOptions.leastSegments`. */
  readonly leastSegments?: number | undefined;
  /** What is heard, also of what comes. */
  readonly played: Pick<PlayedTags, "at" | "since">;
  /** What is to be said of a segment that begins. */
  readonly introduce: (begun: SegmentBegun) => Omit<SegmentStart, "initUri">;
  /** Players may have a version from now on. What comes at once is in one. */
  readonly onVersion: (version: LowVersion) => void;
  /** It is of no use any more, because of `error`. */
  readonly onError: (error: unknown) => void;
}

/** Makes parts of frames, and lists them. It is told of them as a tap of the broadcast's sessions. */
export class LowStream implements FrameTap {
  readonly #options: LowStreamOptions;
  /** What sessions tell of their frames. */
  readonly #tap: FrameTap;
  readonly #window: LowWindow;
  /** `undefined` before the first configuration. */
  #packager: Fmp4Packager | undefined;
  readonly #tagEvents: TagEvents;
  /** The open segment's next frame. */
  #next: NextFrame = { wallMs: 0, durationMs: 0, isFirst: true };
  #initUri = "";
  readonly #files = new Map<string, LowFile>();
  readonly #retired: Retired[] = [];
  /** Named by no version so far. */
  #newFiles: LowFile[] = [];
  #versionIsDue = false;

  constructor(options: LowStreamOptions) {
    this.#options = options;
    this.#tap = guardedTap(this, options.onError);
    this.#window = new LowWindow(options);
    this.#tagEvents = new TagEvents(options.played);
  }

  /** What it has, by name of the file. */
  get files(): ReadonlyMap<string, LowFile> {
    return this.#files;
  }

  /** The segments that are whole. */
  get segments(): readonly WholeSegment[] {
    return this.#window.segments;
  }

  /** Takes the next segment of the preroll. It is in no file of this broadcast. */
  takePreroll(segment: LowPrerollSegment, discontinuity: boolean): void {
    this.#window.add({ ...segment, discontinuity }, this.#options.clock.awake());
    this.#change();
  }

  /**
   * Takes a segment that another box has made, and has the bytes of.
   * @param configs one of them is its audio's
   */
  takeListed(segment: WholeSegment, configs: readonly AudioConfig[]): void {
    const init = configs.map(initSection).find((section) => initFile(section) === segment.initUri);
    if (init !== undefined && !this.#files.has(segment.initUri)) this.#keep(segment.initUri, init);
    this.#window.add(segment, this.#options.clock.awake());
    this.#change();
  }

  /** Takes a segment that was made before there was anybody to hear it in this way. */
  takeEarlier(start: Omit<SegmentStart, "initUri">, { config, frames, startMs }: TsFrames): void {
    if (start.discontinuity || this.#packager === undefined) this.#start(config, startMs);
    this.#begin(start, frames.length);
    for (const frame of frames) this.write(frame);
    this.end();
  }

  /** Has the frames of a session that is under way, those of its open segment included. */
  takeUp(segmenter: Pick<Segmenter, "config" | "tap">): void {
    const open = segmenter.tap(this.#tap);
    if (open === undefined) return;
    const { config } = segmenter;
    const earlier = readTsFrames(open.snapshot, config === undefined ? [] : [config]);
    const isNew = open.discontinuity || this.segments.length === 0;
    if (isNew && earlier !== undefined) this.#start(earlier.config, earlier.startMs);
    this.begin(open);
    for (const frame of earlier?.frames ?? []) this.write(frame);
  }

  /** Has the frames of another session. */
  join(segmenter: Pick<Segmenter, "tap">): void {
    this.#packager = undefined;
    segmenter.tap(this.#tap);
  }

  /** Frames of another configuration follow, or the first. */
  configure(config: AudioConfig): void {
    if (this.#packager === undefined) this.#start(config);
    else if (this.#introduce(config)) this.#packager.configure(config);
  }

  begin(begun: SegmentBegun): void {
    this.#begin(this.#options.introduce(begun), begun.frames);
  }

  write(data: Uint8Array): void {
    const { wallMs, durationMs, isFirst } = this.#next;
    const tags = this.#tagEvents.next(wallMs + durationMs / 2, isFirst);
    // Two that are told, also of the same tags, are some frames apart.
    if (tags !== undefined) this.#packager?.tell(tags, Math.floor(wallMs) % 2 ** 32);
    this.#packager?.write(data);
    this.#next = { wallMs: wallMs + durationMs, durationMs, isFirst: false };
  }

  end(): void {
    if (this.#packager === undefined) return;
    const { bytes, durationUs } = this.#packager.end();
    const now = this.#options.clock.awake();
    const { whole, left } = this.#window.complete(durationUs, now);
    this.#keep(whole.uri, bytes.slice());
    for (const segment of left) this.#retired.push({ segment, leftAt: now });
  }

  /** Nothing follows, and no segment is open. */
  finish(): void {
    this.#window.end();
    this.#change();
  }

  /** Lets go of what has left the playlist so long ago, in milliseconds. */
  sweep(keepMs: number): void {
    const now = this.#options.clock.awake();
    while (this.#retired[0] !== undefined && this.#retired[0].leftAt + keepMs <= now) {
      const { uri, parts } = this.#retired[0].segment;
      for (const file of [uri, ...parts.map((part) => part.uri)]) this.#files.delete(file);
      this.#retired.shift();
    }
  }

  /** Begins a timeline, by default as sessions do. */
  #start(config: AudioConfig, startMs?: number): void {
    this.#introduce(config);
    this.#packager = new Fmp4Packager(config, (part) => this.#takePart(part), startMs);
  }

  /** Has the init section of `config` stand before what follows. @returns whether it is another */
  #introduce(config: AudioConfig): boolean {
    const section = initSection(config);
    const initUri = initFile(section);
    if (initUri === this.#initUri) return false;
    this.#initUri = initUri;
    this.#keep(initUri, section);
    return true;
  }

  #begin(start: Omit<SegmentStart, "initUri">, frames: number): void {
    const { discontinuity, wallMs } = start;
    this.#window.begin({ discontinuity, wallMs, initUri: this.#initUri });
    this.#packager?.begin(frames);
    this.#next = { wallMs, durationMs: this.#packager?.frameMs ?? 0, isFirst: true };
  }

  #takePart(part: PackagedPart): void {
    this.#keep(this.#window.addPart(part), part.bytes.slice());
  }

  #keep(uri: string, bytes: Uint8Array<ArrayBuffer>): void {
    const kept = { uri, bytes };
    this.#files.set(uri, kept);
    this.#newFiles.push(kept);
    this.#change();
  }

  /** Shows a version once all is in it that comes at once. */
  #change(): void {
    if (this.#versionIsDue) return;
    this.#versionIsDue = true;
    queueMicrotask(() => {
      this.#versionIsDue = false;
      const { version, edge } = this.#window;
      if (version === undefined) return;
      const files = this.#newFiles;
      this.#newFiles = [];
      const tags = this.#tagsOf(version);
      this.#options.onVersion({ text: renderLowPlaylist({ ...version, tags }), edge, files });
    });
  }

  /** What is heard of a version. Where it has no time, as preroll has none, no tags have a place. */
  #tagsOf({ segments, open }: Pick<LowPlaylist, "segments" | "open">): readonly TimedTags[] {
    const times = [...segments, open].map((segment) => segment?.wallMs);
    const first = times.find((wallMs) => wallMs !== undefined);
    return first === undefined ? [] : this.#options.played.since(first);
  }
}

interface NextFrame {
  /** When it is heard, in milliseconds since the epoch. */
  readonly wallMs: number;
  readonly durationMs: number;
  /** Whether it is the first of its segment. */
  readonly isFirst: boolean;
}

/** A segment that has left the playlist. */
interface Retired {
  readonly segment: WholeSegment;
  /** On `Clock.awake`. */
  readonly leftAt: number;
}
