/**
 * The messages of a published stream, as far as Echo uses them: audio, and what is said of it.
 *
 * @module
 */
import type { AudioConfig } from "../audio/audio_config.ts";
import { AdtsParser } from "../audio/aac/adts_parser.ts";
import { parseAudioSpecificConfig } from "../audio/aac/audio_specific_config.ts";
import { UnsupportedAudio } from "../audio/unsupported_audio.ts";
import type { ParserMaker } from "../audio/codec.ts";
import { codecOf } from "../audio/codec_of.ts";
import { MalformedAudio } from "../audio/bits.ts";
import { Mp3Parser } from "../audio/mp3/mp3_parser.ts";
import type { Ingest, IngestEnd, StreamFacts } from "../session/ingest.ts";
import { tagsOf } from "../session/tags.ts";
import { readAmf0 } from "./amf0.ts";
import { type AmfObject, isAmfObject } from "./amf_value.ts";
import { MAX_MESSAGE_SIZE } from "./chunk_reader.ts";
import { parseAudioTag } from "./flv_audio.ts";
import { FramesInFlv, isAdts } from "./frames_in_flv.ts";
import { isCut, type Message } from "./message.ts";

const MAX_FACTS = 64;
const MAX_FACT_NAME = 64;
const MAX_FACT_TEXT = 256;
/** The longest AudioSpecificConfig with a program_config_element and its comment is about 350 bytes. */
const MAX_CONFIG_SIZE = 1024;

/**
 * FFmpeg's FLV muxer cannot tell how long metadata is that does not fit into its buffer, and takes what
 * follows for a message of several megabytes, which it does not send before it has all of it.
 */
const EMPTY_METADATA = "empty, as FFmpeg sends it where metadata is longer than 32 kB: nothing " +
  "follows then for minutes; -map_metadata -1 leaves metadata out";

/** What cannot be heard, in users' words. */
const UNCONFIGURED = "AAC without its configuration (AudioSpecificConfig)";
const TOO_LONG = "audio that is too long";

/** What a data message is named that tells of the whole stream … */
const STREAM_DATA = "onMetaData";
/** … and of what is heard or seen at its time. */
const TIMED_DATA = "onTextData";

/** How a data message came. */
export interface DataMessage {
  /** The payload is only the beginning. */
  readonly isCut: boolean;
  /** Told why something of it is not used. */
  readonly unused: (why: string) => void;
}

/** The stream that a connection publishes: takes its messages and feeds its session. */
export class PublishedStream {
  readonly #ingest: Ingest;
  /** What finds the frames of ADTS or MP3, whichever came last; `undefined` for raw access units. */
  #frames: { readonly syntax: FrameSyntax; readonly finder: FramesInFlv } | undefined;
  /** What came that cannot be heard, in users' words. */
  readonly #seen = new Set<string>();
  /** The current AudioSpecificConfig as it came, to know a repeated one. */
  #configBytes = new Uint8Array(0);
  /** That of the audio that came last. */
  #config: AudioConfig | undefined;
  /** How long its access units may be. */
  #maxBytes = 0;
  #timestamp: number | undefined;
  #timeMs = 0;
  /** When the last audio message arrived. */
  #arrivedAt: number | undefined;

  constructor(ingest: Ingest) {
    this.#ingest = ingest;
  }

  /** What came that cannot be heard, in users' words. */
  get seen(): string {
    return [...this.#seen].join(" and ") || "nothing";
  }

  /**
   * Takes an audio message. A codec, or a kind of one, that Echo does not take is rejected.
   * One that is cut is counted as bad.
   * @param arrivedAt as in `Ingest.write`
   */
  audio(message: Message, arrivedAt: number | undefined): void {
    this.#arrivedAt = arrivedAt;
    try {
      if (isCut(message)) this.#unusable(TOO_LONG);
      else this.#takeAudio(message);
    } catch (error) {
      if (!(error instanceof UnsupportedAudio)) throw error;
      this.#ingest.reject(`unsupported audio: ${error.message}`);
    }
  }

  /** Video came, which is not used. */
  video(): void {
    this.#seen.add("video");
  }

  /**
   * Takes a data message: `onMetaData` tells facts about the stream, and title and artist of what is
   * heard from its time on, as `onTextData` does too. Others do not count. What could be read of it
   * does; malformed ones are counted as bad, those that are only too long are not.
   * @param timestamp in milliseconds, 32 bits that wrap
   */
  data(payload: Uint8Array, timestamp: number, { isCut, unused }: DataMessage): void {
    const { values, problem } = readAmf0(payload);
    if (isCut) {
      unused(`more than ${MAX_MESSAGE_SIZE} bytes`);
    } else if (payload.length === 0) {
      unused(EMPTY_METADATA);
    } else if (problem !== undefined) {
      unused(problem);
      this.#ingest.bad(1);
    }
    const [name, data] = values[0] === "@setDataFrame" ? values.slice(1) : values;
    if ((name !== STREAM_DATA && name !== TIMED_DATA) || !isAmfObject(data)) return;
    if (name === STREAM_DATA) this.#ingest.facts(factsOf(data));
    const tags = tagsOf(data);
    if (tags !== undefined) this.#ingest.metadata(tags, this.#near(timestamp));
  }

  end(how: IngestEnd): void {
    this.#ingest.end(how);
  }

  #takeAudio({ bytes, start, end, timestamp }: Message): void {
    const { kind, headerBytes } = parseAudioTag(bytes, start, end);
    const at = start + headerBytes;
    // FFmpeg sends an empty AudioSpecificConfig where it does not know it yet.
    if (kind === "other" || at === end) return;
    const data = bytes.subarray(at, end);
    if (kind === "config") return this.#configure(data);
    const timeMs = this.#unwrap(timestamp);
    if (kind === "mp3") this.#finderOf("mp3").feed(data, timeMs);
    else if (isAdts(data)) this.#takeAdts(data, timeMs);
    else if (this.#config?.codec === "aac") this.#write(data, timeMs);
    else this.#unusable(UNCONFIGURED);
  }

  /** ADTS frames are whole: what is left of a message does not go on in the next one. */
  #takeAdts(frames: Uint8Array, timeMs: number): void {
    const finder = this.#finderOf("adts");
    finder.feed(frames, timeMs);
    finder.reset();
  }

  #finderOf(syntax: FrameSyntax): FramesInFlv {
    if (this.#frames?.syntax === syntax) return this.#frames.finder;
    const finder = new FramesInFlv({
      configure: (config) => this.#useHeader(config),
      write: (data, timeMs) => this.#write(data, timeMs),
      bad: (count) => this.#ingest.bad(count),
    }, PARSERS[syntax]);
    this.#frames = { syntax, finder };
    return finder;
  }

  /** What a header tells counts only where the encoder tells nothing better of that codec. */
  #useHeader(config: AudioConfig): void {
    if (config.codec !== this.#config?.codec) this.#configBytes = new Uint8Array(0);
    if (this.#configBytes.length === 0) this.#use(config);
  }

  #write(accessUnit: Uint8Array, timeMs: number): void {
    if (accessUnit.length > this.#maxBytes) return this.#unusable(TOO_LONG);
    this.#ingest.write(accessUnit, timeMs, this.#arrivedAt);
  }

  #unusable(what: string): void {
    this.#seen.add(what);
    this.#ingest.bad(1);
  }

  #configure(bytes: Uint8Array): void {
    if (bytes.length > MAX_CONFIG_SIZE) return this.#unusable(TOO_LONG);
    if (sameBytes(bytes, this.#configBytes)) return;
    const config = parseConfig(bytes);
    this.#configBytes = bytes.slice();
    this.#frames = undefined;
    this.#use(config);
  }

  #use(config: AudioConfig): void {
    this.#config = config;
    this.#maxBytes = codecOf(config).maxAccessUnitBytes(config);
    this.#ingest.configure(config);
  }

  #unwrap(timestamp: number): number {
    this.#timeMs = this.#near(timestamp);
    this.#timestamp = timestamp;
    return this.#timeMs;
  }

  /** The time with these low 32 bits that is nearest to the last access unit's, before or after it. */
  #near(timestamp: number): number {
    if (this.#timestamp === undefined) return timestamp;
    return this.#timeMs + ((timestamp - this.#timestamp) | 0);
  }
}

type FrameSyntax = "adts" | "mp3";

const PARSERS: Readonly<Record<FrameSyntax, ParserMaker>> = {
  adts: (sink) => new AdtsParser(sink),
  mp3: (sink) => new Mp3Parser(sink),
};

function parseConfig(bytes: Uint8Array): AudioConfig {
  try {
    return parseAudioSpecificConfig(bytes);
  } catch (error) {
    if (error instanceof MalformedAudio) throw new UnsupportedAudio(`AAC: ${error.message}`);
    throw error;
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function factsOf(metadata: AmfObject): StreamFacts {
  const facts: Record<string, string | number | boolean> = Object.create(null);
  let count = 0;
  for (const [name, value] of Object.entries(metadata)) {
    if (name.length > MAX_FACT_NAME || count === MAX_FACTS) continue;
    if (typeof value === "string") facts[name] = value.slice(0, MAX_FACT_TEXT);
    else if (typeof value === "boolean") facts[name] = value;
    else if (typeof value === "number" && Number.isFinite(value)) facts[name] = value;
    else continue;
    count++;
  }
  return facts;
}
