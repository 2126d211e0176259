/**
 * What is played before each broadcast, read from a folder.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import { AdtsParser } from "../audio/aac/adts_parser.ts";
import type { AudioConfig } from "../audio/audio_config.ts";
import { readSmallFile, readSmallTextFile } from "../disk/small_file.ts";
import { TsDemuxer } from "../mpegts/demuxer.ts";
import { entityTag } from "../web/entity_tag.ts";
import {
  type LowPreroll,
  NotForLowLatency,
  type PrerollAudio,
  remuxPreroll,
} from "./low_latency/low_preroll.ts";
import type { ServedFile } from "./origin.ts";
import { parseSegments, type SegmentEntry } from "./playlist.ts";
import { PREROLL_NAME, PREROLL_PATH } from "./routes.ts";
import { MPEG_TS } from "./ts_packager.ts";

/** What is played before each broadcast. */
export interface Preroll {
  readonly entries: readonly SegmentEntry[];
  /** The same in low latency; none where it cannot be had so. */
  readonly low: LowPreroll["segments"];
  /**
   * All files of both forms, by name. Entity tags are of the bytes: another run may have another file
   * of that name.
   */
  readonly files: ReadonlyMap<string, ServedFile>;
}

/** There is none. */
export const NO_PREROLL: Preroll = { entries: [], low: new Map(), files: new Map() };

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
  const audio: PrerollAudio[] = [];
  for (const [index, { uri: file, durationUs, discontinuity: breaks }] of listed.entries()) {
    const read = await readSegment(folder, file, durationUs, problems);
    if (read === undefined) continue;
    files.set(file, read.served);
    const uri = `${place}/${file}`;
    const discontinuity = breaks && index > 0;
    const { durationUs: exactUs, ...contents } = read.contents;
    entries.push({ uri, durationUs: exactUs, discontinuity, wallMs: undefined });
    audio.push({ uri, discontinuity, ...contents });
  }
  if (problems.length > 0) throw new PrerollError(folder, problems);
  const low = remuxed(folder, audio);
  return { entries, low: low.segments, files: new Map([...files, ...low.files]) };
}

/** Low latency does without a preroll that cannot be had in it. */
function remuxed(folder: string, audio: readonly PrerollAudio[]): LowPreroll {
  try {
    return remuxPreroll(audio);
  } catch (error) {
    if (!(error instanceof NotForLowLatency)) throw error;
    const { message: reason } = error;
    logger.warn("The preroll in {folder} is not played in low latency: {reason}", {
      ...{ folder, reason },
    });
    return { segments: new Map(), files: new Map() };
  }
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
): Promise<ReadSegment | undefined> {
  const extension = FILE_NAME.exec(uri)?.[1] ?? "";
  const type = TYPES.get(extension);
  if (type === undefined) {
    const known = [...TYPES.keys()].map((extension) => `.${extension}`).join(" or ");
    problems.push(`${uri} is not the name of a ${known} file in the folder`);
    return undefined;
  }
  try {
    const bytes = await readSmallFile(`${folder}/${uri}`, MAX_SEGMENT_BYTES);
    const contents = readContents(bytes, extension);
    const { durationUs } = contents;
    if (Math.abs(durationUs - listedUs) > EXTINF_TOLERANCE_US) {
      throw new Error(`it lasts ${durationUs / 1e6} s, its EXTINF says ${listedUs / 1e6} s`);
    }
    return { served: { bytes, type, etag: entityTag(bytes) }, contents };
  } catch (error) {
    problems.push(`${uri}: ${messageOf(error)}`);
    return undefined;
  }
}

/** A segment whose file is as it should be. */
interface ReadSegment {
  readonly served: ServedFile;
  readonly contents: Contents;
}

interface Contents extends Pick<PrerollAudio, "configs" | "frames"> {
  /** The exact playing time in microseconds. */
  readonly durationUs: number;
}

/** @throws where it is damaged, or holds no audio that Echo takes */
function readContents(bytes: Uint8Array, extension: string): Contents {
  const configs: AudioConfig[] = [];
  const frames: Uint8Array[] = [];
  let frameUs = 0;
  let durationUs = 0;
  let bad = 0;
  const sink = {
    configure: (config: AudioConfig) => {
      configs.push(config);
      frameUs = config.samplesPerFrame * 1e6 / config.sampleRate;
    },
    write: (data: Uint8Array) => {
      frames.push(data.slice());
      durationUs += frameUs;
    },
    bad: (count: number) => bad += count,
  };
  const parser = extension === MPEG_TS.extension ? new TsDemuxer(sink) : new AdtsParser(sink);
  parser.feed(bytes);
  parser.flush();
  if (durationUs === 0) throw new Error("there is no AAC or MP3 in it");
  if (bad > 0) throw new Error(`${bad} places in it are damaged`);
  return { configs, frames, durationUs: Math.round(durationUs) };
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

const logger = getLogger(["echo", "hls"]);
