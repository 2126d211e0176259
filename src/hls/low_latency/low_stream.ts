/**
 * A broadcast in low latency, from its frames to the versions of its playlist and the files that
 * these name. All of it is in memory.
 *
 * @module
 */
import type { AudioConfig } from "../../audio/audio_config.ts";
import { codecOf } from "../../audio/codec_of.ts";
import { UnsupportedAudio } from "../../audio/unsupported_audio.ts";
import { TsDemuxer } from "../../mpegts/demuxer.ts";
import { initSection } from "../../mp4/init_section.ts";
import type { Clock } from "../../session/clock.ts";
import { Fmp4Packager, type PackagedPart } from "../fmp4_packager.ts";
import type { FrameTap, SegmentBegun, TappedSegment } from "../segmenter.ts";
import type { Numbering } from "../window.ts";
import type { PlaylistEdge } from "./directives.ts";
import { initFile } from "./low_names.ts";
import { renderLowPlaylist, type WholeSegment } from "./low_playlist.ts";
import { LowWindow, type SegmentStart } from "./low_window.ts";

/** A file of a broadcast in low latency. Its bytes do not change. */
export interface LowFile {
  readonly file: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A version of the playlist. */
export interface LowVersion {
  readonly text: string;
  readonly edge: PlaylistEdge;
  /** What it names that no version before did. */
  readonly files: readonly LowFile[];
}

/** A segment that was made before, as MPEG-TS. */
export interface EarlierSegment extends Omit<SegmentStart, "initUri"> {
  readonly bytes: Uint8Array;
}

export interface LowStreamOptions {
  readonly clock: Pick<Clock, "awake">;
  /** What `EXT-X-TARGETDURATION` says, in seconds. */
  readonly targetDuration: number;
  /** Those of the first segment. */
  readonly numbering: Numbering;
  /** As `SegmentStem.nonce`. */
  readonly nonce: string;
  /** What is to be said of a segment that begins under this number. */
  readonly introduce: (sequence: number, begun: SegmentBegun) => Omit<SegmentStart, "initUri">;
  /** Players may have a version from now on. What comes at once is in one. */
  readonly onVersion: (version: LowVersion) => void;
}

/** Makes parts of frames, and lists them. It is told of them as a tap of the broadcast's sessions. */
export class LowStream implements FrameTap {
  readonly #options: LowStreamOptions;
  readonly #window: LowWindow;
  /** `undefined` before the first configuration. */
  #packager: Fmp4Packager | undefined;
  #initUri = "";
  readonly #files = new Map<string, LowFile>();
  readonly #retired: Retired[] = [];
  /** Named by no version so far. */
  #newFiles: LowFile[] = [];
  #versionIsDue = false;

  constructor(options: LowStreamOptions) {
    this.#options = options;
    this.#window = new LowWindow(options);
  }

  /** What it has, by name of the file. */
  get files(): ReadonlyMap<string, LowFile> {
    return this.#files;
  }

  /** The segments that are whole. */
  get segments(): readonly WholeSegment[] {
    return this.#window.segments;
  }

  /**
   * Takes a segment that was made before there was anybody to hear it in this way.
   * @param told the configuration that the broadcast has now: MPEG-TS does not tell all of it
   * @throws {UnsupportedAudio} where there is none of Echo's audio in it
   */
  takeEarlier({ bytes, ...start }: EarlierSegment, told: AudioConfig | undefined): void {
    const frames = this.#takeFrames(bytes, told);
    this.#begin(start, frames.length);
    for (const frame of frames) this.write(frame);
    this.end();
  }

  /** Takes what is there of the segment that is open, whose other frames it is told of. */
  takeOpen({ snapshot, ...begun }: TappedSegment): void {
    this.begin(begun);
    for (const frame of framesOf(snapshot).frames) this.write(frame);
  }

  configure(config: AudioConfig): void {
    const section = initSection(config);
    const initUri = initFile(section);
    if (initUri === this.#initUri) return;
    this.#initUri = initUri;
    if (this.#packager !== undefined) this.#packager.configure(config);
    else this.#packager = new Fmp4Packager(config, (part) => this.#takePart(part));
    this.#keep(initUri, section);
  }

  begin(begun: SegmentBegun): void {
    this.#begin(this.#options.introduce(this.#window.openSequence, begun), begun.frames);
  }

  write(data: Uint8Array): void {
    this.#packager?.write(data);
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

  #takeFrames(bytes: Uint8Array, told: AudioConfig | undefined): readonly Uint8Array[] {
    const { config, frames } = framesOf(bytes);
    this.configure((told && codecOf(told).continuation(config, told)) ?? config);
    return frames;
  }

  #begin(start: Omit<SegmentStart, "initUri">, frames: number): void {
    this.#window.begin({ ...start, initUri: this.#initUri });
    this.#packager?.begin(frames);
  }

  #takePart(part: PackagedPart): void {
    this.#keep(this.#window.addPart(part), part.bytes.slice());
  }

  #keep(file: string, bytes: Uint8Array<ArrayBuffer>): void {
    const kept = { file, bytes };
    this.#files.set(file, kept);
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
      this.#options.onVersion({ text: renderLowPlaylist(version), edge, files });
    });
  }
}

/** A segment that has left the playlist. */
interface Retired {
  readonly segment: WholeSegment;
  /** On `Clock.awake`. */
  readonly leftAt: number;
}

/**
 * The access units in a whole segment of MPEG-TS.
 * @throws {UnsupportedAudio} where there is none of Echo's audio in it
 */
function framesOf(segment: Uint8Array): { config: AudioConfig; frames: readonly Uint8Array[] } {
  const frames: Uint8Array[] = [];
  let config: AudioConfig | undefined;
  const demuxer = new TsDemuxer({
    configure: (found) => config = found,
    write: (data) => frames.push(data.slice()),
    bad: () => {},
  });
  demuxer.feed(segment);
  demuxer.flush();
  if (config === undefined) throw new UnsupportedAudio("a segment without audio");
  return { config, frames };
}
