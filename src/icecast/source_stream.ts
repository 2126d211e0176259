/**
 * What a source sends: tells by the bytes which format it is, and finds the frames in it.
 *
 * @module
 */
import type { AccessUnitSink } from "../audio/access_unit_sink.ts";
import type { ElementaryStreamParser } from "../audio/codec.ts";
import {
  FRAME_FORMATS,
  type FrameFormat,
  nameBytes,
  otherFormatOf,
} from "../audio/frame_formats.ts";
import { Id3Skipper } from "../audio/id3.ts";
import { UnsupportedAudio } from "../audio/unsupported_audio.ts";
import type { Ingest, IngestEnd } from "../session/ingest.ts";
import { TAKEN_FORMATS } from "./content_type.ts";

/** So many bytes are searched for two frames in a row: more than two of the largest have. */
const MAX_UNKNOWN_BYTES_OF_SOURCES = 20_000;

/** Looks for one format in bytes whose format is not known. */
interface Probe {
  readonly format: FrameFormat;
  readonly parser: ElementaryStreamParser;
  /** Whether it has found two frames in a row. */
  isFound: boolean;
}

/** The body of a source. Its frames go to an {@link Ingest}. */
export class SourceStream {
  readonly #ingest: Ingest;
  readonly #sink: AccessUnitSink;
  readonly #tags = new Id3Skipper();
  #probes: readonly Probe[];
  /** What came while the format is unknown, behind the tags. */
  #unknown = new Uint8Array(0);
  #format: FrameFormat | undefined;
  #parser: ElementaryStreamParser | undefined;
  #arrivedAt: number | undefined;
  #isRejected = false;
  #frames = 0;

  constructor(ingest: Ingest) {
    this.#ingest = ingest;
    this.#sink = {
      configure: (config) => ingest.configure(config),
      write: (data) => {
        this.#frames++;
        ingest.write(data, undefined, this.#arrivedAt);
      },
      bad: (count) => ingest.bad(count),
    };
    this.#probes = [probeOf("adts"), probeOf("mp3")];
  }

  /** What it was found to be, in users' words. */
  get seen(): string {
    if (this.#format !== undefined) return FRAME_FORMATS[this.#format].name;
    if (this.#unknown.length > 0) return nameBytes(this.#unknown);
    return this.#tags.seen ? "an ID3 tag" : "nothing";
  }

  /** How many frames came so far. */
  get frames(): number {
    return this.#frames;
  }

  /** Whether it is something that cannot be broadcast. */
  get isRejected(): boolean {
    return this.#isRejected;
  }

  /**
   * Takes the next bytes. What cannot be broadcast is rejected, and nothing behind it is looked at: the
   * source may go on to send until somebody has decided whether it is let in.
   * @param arrivedAt as in `Ingest.write`
   */
  feed(bytes: Uint8Array, arrivedAt: number | undefined): void {
    if (this.#isRejected) return;
    this.#arrivedAt = arrivedAt;
    this.#guard(() => {
      if (this.#parser !== undefined) this.#parser.feed(bytes);
      else this.#search(this.#tags.strip(bytes));
    });
  }

  /** Nothing more comes. */
  end(how: IngestEnd): void {
    this.#guard(() => this.#parser?.flush());
    this.#ingest.end(how);
  }

  #guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      if (!(error instanceof UnsupportedAudio)) throw error;
      this.#isRejected = true;
      this.#ingest.reject(`unsupported audio: ${error.message}`);
    }
  }

  #search(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#unknown = joined(this.#unknown, bytes);
    const found = this.#probes.find((probe) => {
      probe.parser.feed(bytes);
      return probe.isFound;
    });
    if (found !== undefined) return this.#begin(found);
    const isOther = otherFormatOf(this.#unknown) !== undefined;
    if (!isOther && this.#unknown.length < MAX_UNKNOWN_BYTES_OF_SOURCES) return;
    throw new UnsupportedAudio(`${this.seen}: ${TAKEN_FORMATS} is needed`);
  }

  #begin({ format }: Probe): void {
    const bytes = this.#unknown;
    this.#unknown = new Uint8Array(0);
    this.#probes = [];
    this.#format = format;
    this.#parser = FRAME_FORMATS[format].makeParser(this.#sink);
    this.#parser.feed(bytes);
  }
}

function probeOf(format: FrameFormat): Probe {
  const parser = FRAME_FORMATS[format].makeParser({
    configure: () => {},
    write: () => probe.isFound = true,
    bad: () => {},
  });
  const probe: Probe = { format, parser, isFound: false };
  return probe;
}

function joined(before: Uint8Array, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(before.length + bytes.length);
  all.set(before);
  all.set(bytes, before.length);
  return all;
}
