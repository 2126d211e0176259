/**
 * What a stream is made of, and what it needs of the session that feeds it.
 *
 * @module
 */
import type { Clock } from "../session/clock.ts";
import type { StateNeed } from "../session/continuity.ts";
import type { BufferPool } from "./buffer_pool.ts";
import type { SegmentFormats } from "./formats.ts";
import type { HandedWindow, NameNumbers, ReservedNumbers } from "./handed_window.ts";
import type { LowPlaces } from "./low_latency/low_places.ts";
import type { LowFile } from "./low_latency/low_stream.ts";
import type { Reservation } from "./name_states.ts";
import type { MediaPlaylist } from "./playlist.ts";
import type { Preroll } from "./preroll.ts";
import type { Segment } from "./segment.ts";
import type { StreamMaker } from "./segment_name.ts";
import type { Segmenter } from "./segmenter.ts";
import type { SilentEnd } from "./silent_end.ts";
import type { StreamFiles } from "./stream_files.ts";
import type { Numbering } from "./window.ts";

/** What a stream is made of. */
export interface StreamOptions {
  readonly clock: Clock;
  readonly files: StreamFiles;
  readonly pool: BufferPool;
  /** What each segment is packaged in. */
  readonly formats: SegmentFormats;
  /** What segments aim at, in milliseconds. */
  readonly targetMs: number;
  readonly numbering: Numbering;
  readonly reservation: Reservation;
  /** What `EXT-X-TARGETDURATION` says, in seconds; no segment is longer. */
  readonly targetDuration: number;
  /** Stands first in every presentation. */
  readonly preroll: Omit<Preroll, "files">;
  /** A version of the playlist `file` is out, and lists `segments` that none before did. */
  readonly onVersion?: ((file: string, segments: readonly Segment[]) => void) | undefined;
  /** A version of the playlist of low latency is out, with files that none before named. */
  readonly onLowVersion?: ((files: readonly LowFile[]) => void) | undefined;
  /** Places in low latency of all names. */
  readonly lowPlaces: LowPlaces;
  /** There is no place in low latency for it, or none any more. */
  readonly onLowRefused?: (() => void) | undefined;
  /** A session's segment is listed in the first format's playlist, `lateMs` after it was due. */
  readonly onListed?: ((file: string, lateMs: number) => void) | undefined;
  /** Who makes its segments; `undefined` where there is one box. */
  readonly maker?: StreamMaker | undefined;
  /** Told of numbers before they are listed. */
  readonly onNumbers?: ((numbers: NameNumbers) => void) | undefined;
  /** It is over. `next` is where its numbering goes on; `cleared` resolves when its files are gone. */
  readonly onGone: (next: Numbering, cleared: Promise<unknown>) => void;
}

/** What an earlier run of the server left of a stream on disk, or another box hands over. */
export interface EarlierRun {
  /** The last version in the first format, where the broadcast may still join it. */
  readonly playlist: MediaPlaylist | undefined;
  /** All its segments' files on this box. */
  readonly files: readonly string[];
  /** How old that version is, in milliseconds. */
  readonly ageMs: number;
  /** What it goes on with, where players were shown more of it than is listed. */
  readonly silence?: SilentEnd | undefined;
  /** Where it is of another box, all else that it tells of that version. */
  readonly handed?: HandedWindow | undefined;
  /** Where there is no version of another box: what is known of that. */
  readonly behind?: Pick<ReservedNumbers, "endsAtMs" | "goesOn"> | undefined;
}

/** The session whose segments a stream takes. */
export interface SegmentSource {
  readonly sessionId: number;
  /** Frames that its open segment still takes. */
  readonly missingFrames: () => number;
  /** Ends its open segment, if there is one. */
  readonly cut: () => void;
  /** Where its frames are to be had before their segment is whole. */
  readonly segmenter: Pick<Segmenter, "config" | "tap" | "open">;
  /** Says by when players need the open segment. */
  readonly stateNeed: StateNeed;
  /** A version of the playlist is out. */
  listed(): void;
}
