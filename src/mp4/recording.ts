/**
 * What a recording is made of, from its first byte on:
 *
 * ```
 * ftyp  free(16 bytes)  moov(mvex)  [moof mdat]*                  while live
 * ftyp  mdat(64-bit size: all up to the last moov)  moov          finished, see finish.ts
 * ```
 *
 * Finishing leaves the first moov and the fragments where they are, as part of the media data: all
 * else can be made anew of these.
 */
import type { AudioConfig } from "../audio/audio_config.ts";
import { encodeBoxes, fourCc, getUint64, Mp4Error, parseBoxHeader, viewOf } from "./boxes.ts";
import { type FileSteps, read, sync, write } from "./file_steps.ts";
import {
  encodeFileHeader,
  MAX_MOVIE_BYTES,
  MEDIA_HEADER_BYTES,
  MEDIA_HEADER_OFFSET,
  type Movie,
  MOVIE_OFFSET,
  MVEX_BYTES,
  parseFileHeader,
} from "./movie.ts";
import { sampleDescriptionBox } from "./sample_description.ts";
import { type RecordingTags, userDataBox } from "./user_data.ts";

/** What a new recording is of. */
export interface RecordingOptions {
  /** Milliseconds since the epoch, kept to the second. */
  readonly startTime: number;
  readonly tags: RecordingTags;
}

/** A finished recording. */
export interface Recording {
  /** Milliseconds since the epoch, to the second. */
  readonly startTime: number;
  /** Core sample rate in Hz. */
  readonly sampleRate: number;
  /** Access units in it. */
  readonly frames: number;
  /** What a player shows, in milliseconds. */
  readonly durationMs: number;
  /** Bytes of the file. */
  readonly length: number;
  readonly movie: Movie;
}

/**
 * The bytes that a recording begins with. Fragments follow it as they come from a `FragmentWriter`.
 */
export function recordingHeader(config: AudioConfig, options: RecordingOptions): Uint8Array {
  return encodeFileHeader({
    startTime: options.startTime,
    sampleRate: config.sampleRate,
    samplesPerFrame: config.samplesPerFrame,
    sampleDescription: sampleDescriptionBox(config),
    userData: userDataBox(options.tags, options.startTime),
  });
}

/**
 * Reads what a finished recording is, in a few short reads however long it is.
 * @throws {Mp4Error} where it is not finished, or not Echo's
 */
export function* readRecording(fileLength: number): FileSteps<Recording> {
  const { movie } = yield* readFileHeader(fileLength);
  const place = yield* findFinishedMovie(fileLength);
  if (place === undefined || place.end !== fileLength) {
    throw new Mp4Error("Cannot read recording: expected a finished one, got one that is not");
  }
  return yield* describeRecording(movie, place);
}

/** Whether a stream may be appended to a recording: both need the same sample description. */
export function continuesRecording(recording: Recording, config: AudioConfig): boolean {
  const a = encodeBoxes(recording.movie.sampleDescription);
  const b = encodeBoxes(sampleDescriptionBox(config));
  return recording.sampleRate === config.sampleRate && a.length === b.length &&
    a.every((byte, i) => byte === b[i]);
}

/**
 * Opens a finished recording for more fragments, which go to its end. From then on its movie box
 * announces fragments, so that players read all of it at any moment. `finishRecording` has to
 * follow, also where no fragment came.
 * @throws {Mp4Error} where it is not finished, or not Echo's
 */
export function* continueRecording(recording: Recording): FileSteps<void> {
  const place = yield* findFinishedMovie(recording.length);
  if (place === undefined) throw new Mp4Error("Cannot continue recording: expected a finished one");
  yield* announceFragments(place, true);
  yield* sync();
}

/** Where a movie box with sample tables is. */
export interface MoviePlace {
  readonly start: number;
  readonly end: number;
}

/** Reads the movie box before the fragments, and where they begin. @throws {Mp4Error} */
export function* readFileHeader(fileLength: number): FileSteps<{ movie: Movie; end: number }> {
  return parseFileHeader(yield* read(0, Math.min(MOVIE_OFFSET + MAX_MOVIE_BYTES, fileLength)));
}

/**
 * The whole movie box behind the media data; `undefined` where the recording was never finished.
 */
export function* findFinishedMovie(fileLength: number): FileSteps<MoviePlace | undefined> {
  const mdat = parseBoxHeader(yield* read(MEDIA_HEADER_OFFSET, MEDIA_HEADER_BYTES));
  if (mdat?.type !== "mdat" || mdat.headerBytes !== MEDIA_HEADER_BYTES) return undefined;
  const start = MEDIA_HEADER_OFFSET + mdat.size;
  if (start >= fileLength) return undefined;
  const moov = parseBoxHeader(yield* read(start, MEDIA_HEADER_BYTES));
  if (moov?.type !== "moov" || start + moov.size > fileLength) return undefined;
  return { start, end: start + moov.size };
}

/** What a finished recording is, by its movie box. @throws {Mp4Error} where that is damaged */
export function* describeRecording(movie: Movie, place: MoviePlace): FileSteps<Recording> {
  const mdhd = yield* locateBox(place, "moov", "trak", "mdia", "mdhd");
  const fields = yield* read(mdhd.start, MDHD_BYTES);
  if (fields.length < MDHD_BYTES) throw new Mp4Error("Cannot parse MP4: mdhd is cut off");
  const samples = getUint64(viewOf(fields), MDHD_DURATION);
  const frames = samples / movie.samplesPerFrame;
  if (!Number.isInteger(frames) || frames * SAMPLE_SIZE_BYTES > place.end - place.start) {
    throw new Mp4Error(`Cannot parse MP4: expected whole frames in stsz, got ${frames}`);
  }
  return {
    startTime: movie.startTime,
    sampleRate: movie.sampleRate,
    frames,
    durationMs: samples * 1000 / movie.sampleRate,
    length: place.end,
    movie,
  };
}

/**
 * Makes a finished movie box say that fragments follow (mvex), or that none do (the same box as
 * free). The recording plays either way.
 * @throws {Mp4Error} where the movie box is not Echo's
 */
export function* announceFragments(place: MoviePlace, follow: boolean): FileSteps<void> {
  const start = yield* locateAnnouncement(place);
  yield* write(start + 4, fourCc(follow ? "mvex" : "free"));
}

/**
 * Where a finished movie box has mvex, or free in its place.
 * @throws {Mp4Error} where it has neither
 */
export function* locateAnnouncement(place: MoviePlace): FileSteps<number> {
  const { end } = yield* locateBox(place, "moov", "trak");
  const header = parseBoxHeader(yield* read(end, MEDIA_HEADER_BYTES));
  if (header?.size === MVEX_BYTES) return end;
  throw new Mp4Error(`Cannot parse MP4: expected mvex or free, got ${header?.type}`);
}

const MDHD_BYTES = 44;
const MDHD_DURATION = 32;
/** Of an entry of stsz. */
const SAMPLE_SIZE_BYTES = 4;
/** How many boxes are passed over on the way to one. A box of Echo's holds eight at most. */
const MAX_SIBLINGS = 100;

/** Finds a box in the file by the types on the way to it. @throws {Mp4Error} where there is none */
function* locateBox(within: MoviePlace, ...path: string[]): FileSteps<MoviePlace> {
  let { start, end } = within;
  for (const [depth, type] of path.entries()) {
    for (let siblings = 0;; siblings++) {
      const header = parseBoxHeader(yield* read(start, MEDIA_HEADER_BYTES));
      const fits = header !== undefined && header.size >= header.headerBytes &&
        start + header.size <= end;
      if (!fits || siblings > MAX_SIBLINGS) {
        throw new Mp4Error(`Cannot parse MP4: expected a box ${path.join("/")}, got none`);
      }
      if (header.type === type) {
        end = start + header.size;
        if (depth < path.length - 1) start += header.headerBytes;
        break;
      }
      start += header.size;
    }
  }
  return { start, end };
}
