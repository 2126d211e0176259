/**
 * What is played before each broadcast, read from a folder.
 *
 * @module
 */
import { AdtsParser } from "../audio/aac/adts_parser.ts";
import type { AudioConfig } from "../audio/audio_config.ts";
import { readSmallFile, readSmallTextFile } from "../disk/small_file.ts";
import { TsDemuxer } from "../mpegts/demuxer.ts";
import { entityTag } from "../web/entity_tag.ts";
import type { ServedFile } from "./origin.ts";
import { parseSegments, type SegmentEntry } from "./playlist.ts";
import { PREROLL_NAME, PREROLL_PATH } from "./routes.ts";
import { MPEG_TS } from "./ts_packager.ts";

/** What is played before each broadcast. */
export interface Preroll {
  readonly entries: readonly SegmentEntry[];
  /** By name; their entity tags are of the bytes: another run may have another file of that name. */
  readonly files: ReadonlyMap<string, ServedFile>;
}

/** There is none. */
export const NO_PREROLL: Preroll = { entries: [], files: new Map() };

/** Thrown where a preroll folder cannot be used; has all that is wrong with it. */
export class PrerollError extends Error {
  override readonly name = "PrerollError";
  constructor(folder: string, readonly problems: readonly string[]) {
    super(`Cannot use the preroll in ${folder}: ${problems.join("; ")}`);
  }
}

/**
 * Reads a folder with `live.m3u8` and its segments, MPEG-TS or ADTS, and checks all of it.
 * @param isBeside whether it is served beside the broadcasts, so that relative URLs lead there
 * @throws {PrerollError}
 */
export async function loadPreroll(folder: string, isBeside = false): Promise<Preroll> {
  const place = isBeside ? `../${PREROLL_NAME}` : PREROLL_PATH;
  const problems: string[] = [];
  const listed = await readPlaylist(folder, problems);
  const entries: SegmentEntry[] = [];
  const files = new Map<string, ServedFile>();
  for (const [index, { uri, durationUs, discontinuity }] of listed.entries()) {
    const file = await readSegment(folder, uri, durationUs, problems);
    if (file === undefined) continue;
    files.set(uri, file);
    entries.push({
      uri: `${place}/${uri}`,
      durationUs: file.durationUs,
      discontinuity: discontinuity && index > 0,
      wallMs: undefined,
    });
  }
  if (problems.length > 0) throw new PrerollError(folder, problems);
  return { entries, files };
}

async function readPlaylist(folder: string, problems: string[]): Promise<readonly SegmentEntry[]> {
  let text: string;
  try {
    text = await readSmallTextFile(`${folder}/${PREROLL_PLAYLIST}`, MAX_PLAYLIST_BYTES);
  } catch (error) {
    problems.push(`${PREROLL_PLAYLIST} cannot be read: ${messageOf(error)}`);
    return [];
  }
  const lines = text.split(/\r?\n/);
  const segments = lines[0]?.trim() === "#EXTM3U" ? parseSegments(lines) : undefined;
  if (segments === undefined) {
    problems.push(`${PREROLL_PLAYLIST} is no media playlist with an EXTINF for each segment`);
  } else if (segments.length === 0) problems.push(`${PREROLL_PLAYLIST} lists no segment`);
  else if (segments.length > MAX_SEGMENTS) {
    problems.push(`${PREROLL_PLAYLIST} lists ${segments.length} segments, ${MAX_SEGMENTS} at most`);
    return [];
  }
  return segments ?? [];
}

async function readSegment(
  folder: string,
  uri: string,
  listedUs: number,
  problems: string[],
): Promise<ServedFile & { durationUs: number } | undefined> {
  const extension = FILE_NAME.exec(uri)?.[1] ?? "";
  const type = TYPES.get(extension);
  if (type === undefined) {
    const known = [...TYPES.keys()].map((extension) => `.${extension}`).join(" or ");
    problems.push(`${uri} is not the name of a ${known} file in the folder`);
    return undefined;
  }
  try {
    const bytes = await readSmallFile(`${folder}/${uri}`, MAX_SEGMENT_BYTES);
    const durationUs = measure(bytes, extension);
    if (Math.abs(durationUs - listedUs) > EXTINF_TOLERANCE_US) {
      throw new Error(`it lasts ${durationUs / 1e6} s, its EXTINF says ${listedUs / 1e6} s`);
    }
    return { bytes, type, etag: entityTag(bytes), durationUs };
  } catch (error) {
    problems.push(`${uri}: ${messageOf(error)}`);
    return undefined;
  }
}

/** The exact playing time of a segment in microseconds. @throws where it holds no AAC */
function measure(bytes: Uint8Array, extension: string): number {
  let frameUs = 0;
  let durationUs = 0;
  let bad = 0;
  const sink = {
    configure: (config: AudioConfig) => frameUs = config.samplesPerFrame * 1e6 / config.sampleRate,
    write: () => durationUs += frameUs,
    bad: (count: number) => bad += count,
  };
  const parser = extension === MPEG_TS.extension ? new TsDemuxer(sink) : new AdtsParser(sink);
  parser.feed(bytes);
  parser.flush();
  if (durationUs === 0) throw new Error("there is no AAC in it");
  if (bad > 0) throw new Error(`${bad} places in it are damaged`);
  return Math.round(durationUs);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The playlist that a preroll folder holds. */
const PREROLL_PLAYLIST = "live.m3u8";
const MAX_SEGMENTS = 100;
const MAX_PLAYLIST_BYTES = 2 ** 20;
const MAX_SEGMENT_BYTES = 4 * 1024 * 1024;
/** How far a playlist's EXTINF may be off, in microseconds. */
const EXTINF_TOLERANCE_US = 500_000;
const FILE_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*\.([a-z0-9]+)$/;

/** Media types of its segments, by the extensions of their files. */
const TYPES: ReadonlyMap<string, string> = new Map([
  [MPEG_TS.extension, MPEG_TS.mediaType],
  ["aac", "audio/aac"],
]);
