/**
 * The file's head and its movie box (ISO/IEC 14496-12 8.2 to 8.7), either empty, as fragments
 * follow it, or with whole sample tables. Times are in samples: both timescales are the core sample
 * rate.
 */
import { isFrameLength } from "../audio/codec_of.ts";
import {
  type Box,
  box,
  type BoxContent,
  boxSize,
  encodeBoxes,
  fourCc,
  fullBox,
  getUint64,
  Mp4Error,
  parseBoxHeader,
  requireBox,
  type Room,
  text,
  u16,
  u32,
  u64,
  viewOf,
} from "./boxes.ts";

/** What a movie box says of its one track, apart from its samples. */
export interface Track {
  /** Core sample rate in Hz, the timescale of everything. */
  readonly sampleRate: number;
  /** Samples an access unit holds. */
  readonly samplesPerFrame: number;
  /** stsd. */
  readonly sampleDescription: Box;
}

/** What the movie box of a recording says besides. */
export interface Movie extends Track {
  /** Milliseconds since the epoch, to the second. */
  readonly startTime: number;
  /** udta. */
  readonly userData: Box;
}

/** A track, and what is told of its movie. */
type ToldMovie = Track & Partial<Movie>;

/**
 * Where a movie's samples are. What ISO calls samples are access units, its chunks Echo's
 * fragments.
 */
export interface SampleTables {
  /** How many access units there are. */
  readonly samples: number;
  /** Entries of stsc: 12 bytes each. */
  readonly sampleToChunk: Room;
  /** Entries of stsz: 4 bytes each. */
  readonly sampleSizes: Room;
  /** Entries of stco or co64. */
  readonly chunkOffsets: Room;
  /** Whether chunk offsets do not fit 32 bits. */
  readonly largeOffsets: boolean;
}

/** Brand iso5 has default-base-is-moof (8.8.7), iso6 has tfdt (8.8.12). */
export const FILE_TYPE: Box = box(
  "ftyp",
  fourCc("iso5"),
  u32(0),
  fourCc("iso5"),
  fourCc("iso6"),
  fourCc("mp42"),
);

/** Offset of 16 bytes: a free box while live, the header of the media data box once finished. */
export const MEDIA_HEADER_OFFSET = boxSize(FILE_TYPE);
export const MEDIA_HEADER_BYTES = 16;

/** Offset of the movie box that the fragments begin with. */
export const MOVIE_OFFSET = MEDIA_HEADER_OFFSET + MEDIA_HEADER_BYTES;

/** The most bytes of that movie box. Without metadata and a program_config_element it has 700. */
export const MAX_MOVIE_BYTES = 16384;

/** Bytes of an entry of stsc: first_chunk, samples_per_chunk, sample_description_index. */
export const STSC_ENTRY_BYTES = 12;

/** Bytes of mvex, and of the free box in its place. */
export const MVEX_BYTES = 8 + 32;

/** The one track. */
export const TRACK_ID = 1;

/** The bytes that a recording begins with: fragments may follow. */
export function encodeFileHeader(movie: Movie): Uint8Array {
  return encodeBoxes(
    FILE_TYPE,
    box("free", u64(0)),
    movieBox(movie, undefined),
  );
}

/** The media data box's header with a 64-bit size. */
export function encodeMediaHeader(size: number): Uint8Array {
  const header = new Uint8Array(MEDIA_HEADER_BYTES);
  header.set(u32(1));
  header.set(fourCc("mdat"), 4);
  header.set(u64(size), 8);
  return header;
}

/**
 * The movie box. Without tables it announces fragments (mvex). With them, mvex is there as `free`,
 * so that a later session can announce more fragments by four bytes.
 */
export function movieBox(movie: ToldMovie, tables: SampleTables | undefined): Box {
  const duration = (tables?.samples ?? 0) * movie.samplesPerFrame;
  const userData = movie.userData === undefined ? [] : [movie.userData];
  return box(
    "moov",
    movieHeader(movie, duration),
    box(
      "trak",
      trackHeader(movie, duration),
      box(
        "mdia",
        mediaHeader(movie, duration),
        fullBox("hdlr", 0, 0, u32(0), fourCc("soun"), u32(0, 0, 0), text("Echo\0")),
        box(
          "minf",
          fullBox("smhd", 0, 0, u32(0)),
          box("dinf", fullBox("dref", 0, 0, u32(1), fullBox("url ", 0, 1))),
          sampleTable(movie, tables),
        ),
      ),
    ),
    box(tables === undefined ? "mvex" : "free", trackExtends(movie)),
    ...userData,
  );
}

/**
 * Reads the movie that a recording begins with.
 * @param head the first bytes of the file, as many as {@link MOVIE_OFFSET} and
 *   {@link MAX_MOVIE_BYTES} or the whole file
 * @returns the movie, and the offset behind it
 * @throws {Mp4Error} where Echo did not write it
 */
export function parseFileHeader(head: Uint8Array): { movie: Movie; end: number } {
  const begins = encodeBoxes(FILE_TYPE).every((byte, i) => head[i] === byte);
  if (!begins || head.length < MOVIE_OFFSET) {
    throw new Mp4Error("Cannot parse MP4: expected a recording of Echo's, got another file");
  }
  const header = parseBoxHeader(head, MOVIE_OFFSET);
  const size = header?.type === "moov" ? header.size : 0;
  const end = MOVIE_OFFSET + size;
  if (size < 8 || size > MAX_MOVIE_BYTES || end > head.length) {
    throw new Mp4Error(`Cannot parse MP4: expected a movie box at ${MOVIE_OFFSET}, got none`);
  }
  return { movie: parseMovie(head.slice(MOVIE_OFFSET + 8, end)), end };
}

function movieHeader(movie: ToldMovie, duration: number): Box {
  return fullBox(
    "mvhd",
    1,
    0,
    times(movie),
    u32(movie.sampleRate),
    u64(duration),
    u32(0x10000), // rate 1.0
    u16(0x100, 0), // volume 1.0
    u32(0, 0),
    UNITY_MATRIX,
    u32(0, 0, 0, 0, 0, 0),
    u32(TRACK_ID + 1), // next_track_ID
  );
}

/** For boxes of version 1: durations in the 32 bits of version 0 end at 25 h of 48 kHz. */
function times({ startTime }: ToldMovie): Uint8Array {
  const created = startTime === undefined ? 0 : Math.floor(startTime / 1000) + EPOCH_1904;
  return u64(created, created);
}

/** Seconds from 1904, which times in movie boxes count from (8.2.2.3), to 1970. */
const EPOCH_1904 = 2082844800;

const UNITY_MATRIX = u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);

function trackHeader(movie: ToldMovie, duration: number): Box {
  return fullBox(
    "tkhd",
    1,
    3, // track_enabled, track_in_movie
    times(movie),
    u32(TRACK_ID, 0),
    u64(duration),
    u32(0, 0),
    u16(0, 0, 0x100, 0), // layer, alternate_group, volume 1.0
    UNITY_MATRIX,
    u32(0, 0),
  );
}

function mediaHeader(movie: ToldMovie, duration: number): Box {
  const undetermined = 0x55c4; // "und", packed
  return fullBox(
    "mdhd",
    1,
    0,
    times(movie),
    u32(movie.sampleRate),
    u64(duration),
    u16(undetermined, 0),
  );
}

function sampleTable(movie: Track, tables: SampleTables | undefined): Box {
  const chunkEntryBytes = tables?.largeOffsets ? 8 : 4;
  const durations = tables === undefined ? u32(0) : u32(1, tables.samples, movie.samplesPerFrame);
  return box(
    "stbl",
    movie.sampleDescription,
    fullBox("stts", 0, 0, durations),
    fullBox("stsc", 0, 0, ...table(tables?.sampleToChunk, STSC_ENTRY_BYTES)),
    fullBox("stsz", 0, 0, u32(0), ...table(tables?.sampleSizes, 4)),
    fullBox(
      tables?.largeOffsets ? "co64" : "stco",
      0,
      0,
      ...table(tables?.chunkOffsets, chunkEntryBytes),
    ),
  );
}

function table(entries: Room | undefined, entryBytes: number): BoxContent[] {
  return entries === undefined ? [u32(0)] : [u32(entries.length / entryBytes), entries];
}

/**
 * What all access units of fragments are: of the same duration, decodable by themselves (8.8.3).
 */
function trackExtends(movie: Track): Box {
  const dependsOnNoOther = 0x02000000;
  return fullBox("trex", 0, 0, u32(TRACK_ID, 1, movie.samplesPerFrame, 0, dependsOnNoOther));
}

function parseMovie(moov: Uint8Array): Movie {
  const mdhd = fieldsOf(requireBox(moov, "trak", "mdia", "mdhd"), 24);
  const samplesPerFrame = fieldsOf(requireBox(moov, "mvex", "trex"), 24).getUint32(12);
  if (!isFrameLength(samplesPerFrame)) {
    throw new Mp4Error(
      `Cannot parse MP4: expected a codec's frames, got ${samplesPerFrame} samples`,
    );
  }
  const startTime = (getUint64(mdhd, 4) - EPOCH_1904) * 1000;
  const sampleRate = mdhd.getUint32(20);
  if (startTime < 0 || startTime > MAX_TIME || sampleRate === 0) {
    throw new Mp4Error("Cannot parse MP4: expected a time and a sample rate in mdhd, got damage");
  }
  return {
    startTime,
    sampleRate,
    samplesPerFrame,
    sampleDescription: box("stsd", requireBox(moov, "trak", "mdia", "minf", "stbl", "stsd")),
    userData: box("udta", requireBox(moov, "udta")),
  };
}

/** The last second whose year has four digits. */
const MAX_TIME = Date.UTC(9999, 11, 31, 23, 59, 59);

/** @throws {Mp4Error} where there are fewer than `length` bytes */
function fieldsOf(payload: Uint8Array, length: number): DataView {
  if (payload.length >= length) return viewOf(payload);
  throw new Mp4Error(`Cannot parse MP4: expected ${length} bytes in a box, got ${payload.length}`);
}
