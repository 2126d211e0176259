/**
 * What m3u8-parser and hls-parser, which know nothing of Echo, read in playlists of low latency.
 *
 * @module
 */
import * as hlsParser from "hls-parser";
import { Parser } from "m3u8-parser";
import type { SeenLowPlaylist } from "./low_playlist_reader.ts";

/** What hls-parser says of playlists that keep the rules. */
const KNOWN = [
  // Not of those that are independent (4.4.4.9), as all are.
  "Invalid Playlist : All Partial Segments except the last part of a segment must have a " +
  "duration of at least 85% of PART-TARGET",
  // It counts three segments, which may be shorter than the target duration.
  "Invalid Playlist : Remove EXT-X-PART tags from the Playlist after they are greater than three " +
  "target durations from the end of the Playlist.",
];

/** What other readers find wrong in a playlist, or find other than `seen` has it. */
export function complaintsOf(text: string, seen: SeenLowPlaylist): string[] {
  const complaints: string[] = [];
  const due = JSON.stringify(named(seen));
  for (
    const [reader, read] of [["m3u8-parser", byM3u8Parser], ["hls-parser", byHlsParser]] as const
  ) {
    try {
      const got = JSON.stringify(read(text, (warning) => complaints.push(`${reader}: ${warning}`)));
      if (got !== due) complaints.push(`${reader} finds ${got} where ${due} is due`);
    } catch (error) {
      complaints.push(`${reader}: ${error}`);
    }
  }
  return complaints;
}

/** What is named in a playlist. */
interface Named {
  /** Name, seconds, discontinuity sequence, init section. */
  readonly whole: readonly (readonly [string, number, number, string | undefined])[];
  readonly parts: readonly string[];
  /** Null where there is none. */
  readonly hint: string | null;
  readonly ended: boolean;
}

function named({ segments, discontinuitySequence, hint }: SeenLowPlaylist): Named {
  let timeline = discontinuitySequence;
  const whole = segments.flatMap(({ whole, discontinuity, map }) => {
    if (discontinuity) timeline++;
    return whole === undefined ? [] : [[whole.uri, whole.duration, timeline, map] as const];
  });
  const parts = segments.flatMap((segment) => segment.parts.map(({ uri }) => uri));
  return { whole, parts, hint: hint ?? null, ended: hint === undefined };
}

interface M3u8Segment {
  readonly uri: string;
  readonly duration: number;
  readonly timeline: number;
  readonly map: { readonly uri: string };
  readonly parts?: readonly { readonly uri: string }[];
}

interface M3u8Manifest {
  readonly segments: readonly M3u8Segment[];
  readonly preloadSegment?: Pick<M3u8Segment, "parts"> & {
    readonly preloadHints?: readonly { readonly uri: string }[];
  };
  readonly endList?: boolean;
}

function byM3u8Parser(text: string, onWarning: (message: string) => void): Named {
  const parser = new Parser();
  parser.on("warn", ({ message }: { message: string }) => onWarning(message));
  parser.push(text);
  parser.end();
  const { segments, preloadSegment, endList = false }: M3u8Manifest = parser.manifest;
  return {
    whole: segments.map(({ uri, duration, timeline, map }) => [uri, duration, timeline, map.uri]),
    parts: [...segments, preloadSegment].flatMap((segment) => segment?.parts ?? [])
      .map(({ uri }) => uri),
    hint: preloadSegment?.preloadHints?.[0]?.uri ?? null,
    ended: endList,
  };
}

function byHlsParser(text: string, onWarning: (message: string) => void): Named {
  const playlist = whilePrinting(
    (message) => {
      if (!KNOWN.includes(message)) onWarning(message);
    },
    () => hlsParser.parse(text),
  );
  if (playlist.isMasterPlaylist) throw new Error("it is taken for a multivariant playlist");
  const parts = playlist.segments.flatMap((segment) => segment.parts);
  return {
    whole: playlist.segments.filter(({ uri }) => uri !== "").map((segment) => {
      const { uri, duration, discontinuitySequence, map } = segment;
      return [uri, duration, discontinuitySequence, map?.uri];
    }),
    parts: parts.filter(({ hint }) => !hint).map(({ uri }) => uri),
    hint: parts.find(({ hint }) => hint)?.uri ?? null,
    ended: playlist.endlist,
  };
}

/** Tells `onMessage` what is printed as an error in `read`; there is no other way to learn it. */
function whilePrinting<T>(onMessage: (message: string) => void, read: () => T): T {
  const { error } = console;
  console.error = (message: unknown) => onMessage(String(message));
  try {
    return read();
  } finally {
    console.error = error;
  }
}
