/**
 * How a recording ends, after a broadcast or after a crash: fragments become ordinary media data.
 */
import {
  type Box,
  boxParts,
  boxSize,
  fourCc,
  Mp4Error,
  type Room,
  room,
  u32,
  u64,
} from "./boxes.ts";
import { type FileSteps, SequentialWriter, sync, truncate, write } from "./file_steps.ts";
import { FragmentReader } from "./fragment_reader.ts";
import {
  encodeMediaHeader,
  MEDIA_HEADER_OFFSET,
  type Movie,
  movieBox,
  type SampleTables,
  STSC_ENTRY_BYTES,
} from "./movie.ts";
import {
  announceFragments,
  describeRecording,
  findFinishedMovie,
  locateAnnouncement,
  type MoviePlace,
  readFileHeader,
  type Recording,
} from "./recording.ts";

/** What finishing a recording made of it. */
export interface FinishedRecording extends Recording {
  /** Bytes of damage among its fragments, which are left out. */
  readonly damagedBytes: number;
}

/**
 * Finishes a recording in place: cuts off what is behind the last whole fragment, appends a movie
 * box with the sample tables of all fragments, and makes everything before it media data. Only its
 * beginning has to be that of a recording. The file may have been left at any moment of recording,
 * finishing or continuing, be finished already, or be damaged: the fragments that are whole are
 * kept. Where this is given up in the middle, the file plays as it did before, and can be finished
 * again. Memory and the time between two steps do not depend on the file's length.
 * @throws {Mp4Error} where the file is not Echo's, or no fragment in it is whole
 */
export function* finishRecording(fileLength: number): FileSteps<FinishedRecording> {
  const { movie, end: start } = yield* readFileHeader(fileLength);
  const extent = yield* measureFragments(movie, start, fileLength);
  const { damagedBytes } = extent;
  const earlier = yield* findFinishedMovie(fileLength);
  const isLast = earlier !== undefined && extent.end <= earlier.start;
  const kept = isLast ? yield* describeIntact(movie, earlier) : undefined;
  if (isLast && kept !== undefined) {
    yield* keepFinished(earlier, fileLength);
    return { ...kept, damagedBytes };
  }
  if (extent.frames === 0) {
    throw new Mp4Error("Cannot finish recording: expected a whole fragment, got none");
  }
  if (extent.end < fileLength) yield* truncate(extent.end);
  const place = yield* appendMovie(movie, extent);
  yield* publish(place, isLast ? undefined : earlier);
  return { ...yield* describeRecording(movie, place), damagedBytes };
}

/** Where a file's fragments are, and how many there are. */
interface Extent {
  readonly start: number;
  /** Where the last whole one ends. */
  readonly end: number;
  readonly fragments: number;
  readonly frames: number;
  /**
   * Runs of fragments that have the same number of frames: entries of stsc (ISO/IEC 14496-12
   * 8.7.4).
   */
  readonly runs: number;
  readonly damagedBytes: number;
}

function* measureFragments(
  movie: Movie,
  start: number,
  fileLength: number,
): FileSteps<Extent> {
  const reader = new FragmentReader(start, fileLength, movie.samplesPerFrame);
  let fragments = 0;
  let runs = 0;
  let runFrames = 0;
  for (;;) {
    const fragment = yield* reader.next();
    if (fragment === undefined) break;
    fragments++;
    if (fragment.frames !== runFrames) {
      runFrames = fragment.frames;
      runs++;
    }
  }
  const { offset: end, frames, damagedBytes } = reader;
  return { start, end, fragments, frames, runs, damagedBytes };
}

/** What a finished recording is; `undefined` where its movie box is damaged. */
function* describeIntact(movie: Movie, place: MoviePlace): FileSteps<Recording | undefined> {
  try {
    yield* locateAnnouncement(place);
    return yield* describeRecording(movie, place);
  } catch (error) {
    if (error instanceof Mp4Error) return undefined;
    throw error;
  }
}

/** Leaves a finished recording as it was, as no fragment came behind it. */
function* keepFinished(movie: MoviePlace, fileLength: number): FileSteps<void> {
  if (movie.end < fileLength) yield* truncate(movie.end);
  yield* announceFragments(movie, false);
  yield* sync();
}

/**
 * Appends the movie box. Its type is `free` until it is whole, so that no reader uses it before.
 */
function* appendMovie(movie: Movie, extent: Extent): FileSteps<MoviePlace> {
  const largeOffsets = extent.end > 0xffffffff;
  const tables: SampleTables = {
    samples: extent.frames,
    sampleToChunk: room(STSC_ENTRY_BYTES * extent.runs),
    sampleSizes: room(4 * extent.frames),
    chunkOffsets: room((largeOffsets ? 8 : 4) * extent.fragments),
    largeOffsets,
  };
  const moov: Box = { type: "free", content: movieBox(movie, tables).content };
  const place = { start: extent.end, end: extent.end + boxSize(moov) };
  yield* writeTables(movie, extent, tables, yield* writeFields(moov, place.start));
  yield* sync();
  return place;
}

/** Writes a box, except for the rooms in it. @returns where these are */
function* writeFields(box: Box, start: number): FileSteps<Map<Room, number>> {
  const rooms = new Map<Room, number>();
  const fields = new SequentialWriter(start);
  for (const part of boxParts(box)) {
    if (part instanceof Uint8Array) {
      yield* fields.append(part);
    } else {
      rooms.set(part, fields.offset);
      yield* fields.skip(part.length);
    }
  }
  yield* fields.flush();
  return rooms;
}

/** Fills stsc, stsz and stco or co64 (8.7.3 to 8.7.5) from the fragments: each is a chunk. */
function* writeTables(
  movie: Movie,
  extent: Extent,
  tables: SampleTables,
  rooms: ReadonlyMap<Room, number>,
): FileSteps<void> {
  const tableOf = (room: Room) => new SequentialWriter(rooms.get(room) ?? NaN);
  const sampleToChunk = tableOf(tables.sampleToChunk);
  const sampleSizes = tableOf(tables.sampleSizes);
  const chunkOffsets = tableOf(tables.chunkOffsets);

  const reader = new FragmentReader(extent.start, extent.end, movie.samplesPerFrame);
  let runFrames = 0;
  for (let chunk = 1; chunk <= extent.fragments; chunk++) {
    const fragment = yield* reader.next();
    if (fragment === undefined) {
      throw new Mp4Error(`Cannot finish recording: fragment ${chunk} has changed meanwhile`);
    }
    if (fragment.frames !== runFrames) {
      runFrames = fragment.frames;
      yield* sampleToChunk.append(u32(chunk, runFrames, 1));
    }
    yield* sampleSizes.append(fragment.sizes);
    const offset = reader.offset - fragment.totalBytes + fragment.headerBytes;
    yield* chunkOffsets.append(tables.largeOffsets ? u64(offset) : u32(offset));
  }
  yield* sampleToChunk.flush();
  yield* sampleSizes.flush();
  yield* chunkOffsets.flush();
}

/**
 * Puts the new movie box into force. The file plays after each write: by its fragments or the
 * earlier movie box as long as these come first, and by the new one once they are media data.
 */
function* publish(place: MoviePlace, earlier: MoviePlace | undefined): FileSteps<void> {
  yield* write(place.start + 4, fourCc("moov"));
  yield* sync();
  yield* write(MEDIA_HEADER_OFFSET, encodeMediaHeader(place.start - MEDIA_HEADER_OFFSET));
  if (earlier !== undefined) yield* write(earlier.start + 4, fourCc("free"));
  yield* sync();
}
