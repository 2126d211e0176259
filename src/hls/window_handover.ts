/**
 * How a window goes from one box to another: what is told of it, and what a stream makes of that.
 *
 * @module
 */
import type { AudioConfig } from "../audio/audio_config.ts";
import { configOfText, configText } from "../audio/codec_of.ts";
import type { TimedTags } from "../session/tags.ts";
import type { HandedLowSegment, HandedTitle, HandedWindow, NameHandover } from "./handed_window.ts";
import type { WholeSegment } from "./low_latency/low_playlist.ts";
import { parsePlaylist, renderPlaylist, restorePlaylist } from "./playlist.ts";
import type { PlaylistPublisher } from "./playlist_publisher.ts";
import type { EarlierRun } from "./stream_options.ts";
import { type Numbering, numbersBehind } from "./window.ts";

/** What is handed over of a stream. */
export interface WindowParts {
  readonly main: Pick<PlaylistPublisher, "known" | "numbering" | "unlisted" | "listedAgoMs">;
  /** What `EXT-X-TARGETDURATION` says, in seconds. */
  readonly targetDuration: number;
  /** Those of its audio, the newest last. */
  readonly configs: readonly AudioConfig[];
  readonly titles: readonly TimedTags[];
  /** What players were shown in low latency. */
  readonly low: readonly WholeSegment[];
}

/** Says what another box goes on with. Something is known. */
export function handedWindow(
  { main, targetDuration, configs, titles, low }: WindowParts,
): HandedWindow {
  const { known: segments, numbering, unlisted, listedAgoMs } = main;
  return {
    kind: "window",
    playlist: renderPlaylist({ targetDuration, ...numbering, segments, ended: false }),
    // Where nobody has seen anything, the first version need not wait for another one.
    unlisted: unlisted < segments.length ? unlisted : 0,
    listedAgoMs,
    sizes: segments.map(({ size }) => size),
    configs: [...new Set(configs.toReversed().map(configText))].toReversed(),
    titles: titles.map(({ title, artist, wallMs }) => ({ title, artist, wallMs })),
    low: low.map(handedSegment),
  };
}

function handedSegment(segment: WholeSegment): HandedLowSegment {
  const { sequence, uri, initUri, durationUs, discontinuity, wallMs, size, parts } = segment;
  return { sequence, uri, initUri, durationUs, discontinuity, wallMs, size, parts: [...parts] };
}

/** What a stream is made with that goes on behind another owner, but for the files of this box. */
export interface TakenOver {
  /** That of its first segment; `undefined` where nothing is known. */
  readonly numbering: Numbering | undefined;
  readonly run: Omit<EarlierRun, "files">;
}

/**
 * What a stream takes up of what is handed over.
 * @param extension what the files of segments end with
 * @param targetDuration what `EXT-X-TARGETDURATION` says here, in seconds
 */
export function takenOver(
  handed: NameHandover,
  extension: string,
  targetDuration: number,
): TakenOver {
  if (handed.kind === "numbers") {
    const numbering = handed.mediaSequence > 0 ? handed : undefined;
    return { numbering, run: { playlist: undefined, ageMs: 0, behind: handed } };
  }
  const playlist = restorePlaylist(handed.playlist, extension);
  if (playlist?.targetDuration === targetDuration) {
    const configs = handed.configs.map(configOfText).filter((config) => config !== undefined);
    const silence = { configs, segments: [] };
    return { numbering: playlist, run: { playlist, ageMs: handed.listedAgoMs, silence, handed } };
  }
  // A box of another version may write them in another way.
  const read = parsePlaylist(handed.playlist);
  const last = read?.segments.at(-1);
  const endsAtMs = last?.wallMs === undefined ? 0 : last.wallMs + last.durationUs / 1000;
  const numbering = read && numbersBehind(read);
  return { numbering, run: { playlist: undefined, ageMs: 0, behind: { endsAtMs, goesOn: true } } };
}

/** What a title of another box is here. It has no place on a timeline of this one. */
export function playedTitle({ title, artist, wallMs }: HandedTitle): TimedTags {
  return { title, artist, wallMs, position: 0, dueMs: 0 };
}
