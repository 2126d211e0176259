/** What a watch over several boxes has to know of a version of a playlist, of either form. */
import { parseLowPlaylist } from "../hls_validator/low_playlist_reader.ts";
import { parseMediaPlaylist } from "../hls_validator/media_playlist.ts";

/** A segment that is whole. */
export interface WatchedSegment {
  readonly uri: string;
  readonly sequence: number;
  /** All that is said of it for as long as it is listed. */
  readonly text: string;
  /** Milliseconds since the epoch; `undefined` for preroll. */
  readonly programDateTime: number | undefined;
}

/** One version. */
export interface WatchedPlaylist {
  readonly mediaSequence: number;
  readonly discontinuitySequence: number;
  readonly segments: readonly WatchedSegment[];
  readonly ended: boolean;
}

/** Of MPEG-TS, or of low latency. */
export type PlaylistForm = "playlist.m3u8" | "low-media.m3u8";

/** @throws {PlaylistError} */
export function readWatched(text: string, form: PlaylistForm): WatchedPlaylist {
  return form === "playlist.m3u8" ? parseMediaPlaylist(text) : readLow(text);
}

function readLow(text: string): WatchedPlaylist {
  const { mediaSequence, discontinuitySequence, segments, hint } = parseLowPlaylist(text);
  const whole = segments.flatMap(({ sequence, discontinuity, map, programDateTime, whole }) => {
    if (whole === undefined) return [];
    const said = { sequence, discontinuity, map, programDateTime, whole };
    return [{
      uri: whole.uri,
      sequence,
      text: JSON.stringify(said),
      programDateTime: programDateTime === "" ? undefined : Date.parse(programDateTime),
    }];
  });
  return { mediaSequence, discontinuitySequence, segments: whole, ended: hint === undefined };
}
