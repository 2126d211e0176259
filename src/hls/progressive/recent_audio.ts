/**
 * The last seconds of a broadcast, out of the segments that HLS has of it anyway: so nothing is kept
 * of broadcasts whose endless stream nobody hears.
 *
 * @module
 */
import type { AudioConfig } from "../../audio/audio_config.ts";
import type { TimedTags } from "../../session/tags.ts";
import { readTsFrames } from "../low_latency/ts_frames.ts";
import type { PlayedTags } from "../played_tags.ts";
import type { PlaylistPublisher } from "../playlist_publisher.ts";
import type { Segment } from "../segment.ts";
import type { Segmenter } from "../segmenter.ts";
import type { StreamFiles } from "../stream_files.ts";
import type { StreamWriter } from "./stream_writer.ts";

/** Where the last seconds of a broadcast are found. */
export interface RecentAudio {
  /** What there is as MPEG-TS. */
  readonly main: Pick<PlaylistPublisher, "known">;
  readonly files: Pick<StreamFiles, "readSegment">;
  /** Has what is not in a segment yet; `undefined` while nobody sends. */
  readonly segmenter: Pick<Segmenter, "open"> | undefined;
  /** Knows what is heard when, by playlists, in milliseconds since the epoch. */
  readonly stream: {
    readonly played: Pick<PlayedTags, "since">;
    wallMsOf(dueMs: number): number;
  };
}

/** What was read of segments, by the names of their files; `undefined` where it cannot be had. */
export type ReadSegments = ReadonlyMap<string, Uint8Array | undefined>;

/** Reads from disk what is in memory no more of the last `lastMs`. */
export async function readRecent(
  { main, files }: Pick<RecentAudio, "main" | "files">,
  lastMs: number,
): Promise<ReadSegments> {
  const read = new Map<string, Uint8Array | undefined>();
  for (;;) {
    // Others come, and leave memory, meanwhile.
    const missing = lastSegments(main.known, lastMs)
      .find(({ uri, bytes }) => bytes === undefined && !read.has(uri));
    if (missing === undefined) return read;
    read.set(missing.uri, await files.readSegment(missing.uri));
  }
}

/**
 * Writes the frames of the last `lastMs`, the open segment's included, with their titles. What cannot be
 * had, or has another configuration, ends them on their way back.
 * @param read see {@link readRecent}
 */
export function writeRecent(
  audio: RecentAudio,
  { config, lastMs, read }: {
    readonly config: AudioConfig;
    readonly lastMs: number;
    readonly read: ReadSegments;
  },
  out: Pick<StreamWriter, "write" | "entitle">,
): void {
  const pieces: Piece[] = [];
  const open = audio.segmenter?.open;
  if (open !== undefined) {
    pieces.push({ bytes: open.snapshot, wallMs: audio.stream.wallMsOf(open.dueMs) });
  }
  const continues = open?.discontinuity !== true;
  for (const segment of continues ? lastSegments(audio.main.known, lastMs).toReversed() : []) {
    const bytes = segment.bytes ?? read.get(segment.uri);
    if (bytes === undefined || segment.wallMs === undefined) break;
    pieces.unshift({ bytes, wallMs: segment.wallMs });
    if (segment.discontinuity) break;
  }
  const [first] = pieces;
  if (first === undefined) return;
  const titles = [...audio.stream.played.since(first.wallMs)];
  for (const piece of pieces) writePiece(piece, config, titles, out);
}

/** A segment, or what there is of one. */
interface Piece {
  readonly bytes: Uint8Array;
  /** When it is heard by playlists, in milliseconds since the epoch. */
  readonly wallMs: number;
}

/** @param titles those that are not written yet; loses those that are */
function writePiece(
  { bytes, wallMs }: Piece,
  config: AudioConfig,
  titles: TimedTags[],
  out: Pick<StreamWriter, "write" | "entitle">,
): void {
  const { frames } = readTsFrames(bytes, [config]) ?? { frames: [] };
  const frameMs = config.samplesPerFrame * 1000 / config.sampleRate;
  for (const [i, frame] of frames.entries()) {
    const middleMs = wallMs + (i + 0.5) * frameMs;
    for (let next = titles[0]; next !== undefined && next.wallMs < middleMs; next = titles[0]) {
      out.entitle(next);
      titles.shift();
    }
    out.write(frame);
  }
}

/** The last segments that hold `lastMs` together, and no preroll; the oldest first. */
function lastSegments(known: readonly Segment[], lastMs: number): readonly Segment[] {
  let from = known.length;
  for (let heldMs = 0; heldMs < lastMs && from > 0;) {
    const before = known[from - 1];
    if (before?.wallMs === undefined) break;
    heldMs += before.durationUs / 1000;
    from--;
  }
  return known.slice(from);
}
