import { type AudioConfig, maxAccessUnitBytes } from "../audio/audio_config.ts";
import { parseAudioSpecificConfig, UnsupportedAudio } from "../audio/audio_specific_config.ts";
import { MalformedAudio } from "../audio/bits.ts";
import type { Ingest, IngestEnd } from "../session/ingest.ts";
import { type Amf0Value, isAmf0Object, readAmf0 } from "./amf0.ts";
import { parseAudioTag } from "./flv_audio.ts";
import { RtmpError } from "./rtmp_error.ts";

const MAX_FACTS = 64;
const MAX_FACT_NAME = 64;
const MAX_FACT_TEXT = 256;
/** The longest with a program_config_element and its comment is about 350 bytes. */
const MAX_CONFIG_SIZE = 1024;

/** The stream that a connection publishes: takes its messages and feeds its session. */
export class PublishedStream {
  readonly #ingest: Ingest;
  /** The current AudioSpecificConfig as it came, to know a repeated one. */
  #configBytes = new Uint8Array(0);
  #maxAccessUnit = 0;
  #timestamp: number | undefined;
  #timeMs = 0;

  constructor(ingest: Ingest) {
    this.#ingest = ingest;
  }

  /**
   * @param timestamp in milliseconds, 32 bits that wrap
   * @throws {UnsupportedAudio} a codec or a kind of AAC that Echo does not take
   */
  audio(payload: Uint8Array, timestamp: number): void {
    const tag = parseAudioTag(payload);
    // FFmpeg sends an empty AudioSpecificConfig where it does not know it yet.
    if (tag.kind === "other" || tag.data.length === 0) return;
    if (tag.kind === "config") {
      this.#configure(tag.data);
    } else if (tag.data.length > this.#maxAccessUnit) {
      this.#ingest.bad(1);
    } else {
      this.#ingest.write(tag.data, this.#unwrap(timestamp));
    }
  }

  /** Takes a data message; only `onMetaData` counts, malformed ones are counted as bad. */
  data(payload: Uint8Array): void {
    let values: Amf0Value[];
    try {
      values = readAmf0(payload);
    } catch (error) {
      if (!(error instanceof RtmpError)) throw error;
      this.#ingest.bad(1);
      return;
    }
    if (values[0] === "@setDataFrame") values.shift();
    if (values[0] === "onMetaData") this.#ingest.facts(factsOf(values[1]));
  }

  end(how: IngestEnd): void {
    this.#ingest.end(how);
  }

  #configure(bytes: Uint8Array): void {
    if (bytes.length > MAX_CONFIG_SIZE) {
      this.#ingest.bad(1);
      return;
    }
    if (sameBytes(bytes, this.#configBytes)) return;
    const config = parseConfig(bytes);
    this.#configBytes = bytes.slice();
    this.#maxAccessUnit = maxAccessUnitBytes(config);
    this.#ingest.configure(config);
  }

  /** The nearest time, before or after the last one, that has these low 32 bits. */
  #unwrap(timestamp: number): number {
    if (this.#timestamp === undefined) this.#timeMs = timestamp;
    else this.#timeMs += (timestamp - this.#timestamp) | 0;
    this.#timestamp = timestamp;
    return this.#timeMs;
  }
}

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

function factsOf(metadata: Amf0Value): Record<string, string | number | boolean> {
  const facts: Record<string, string | number | boolean> = Object.create(null);
  if (!isAmf0Object(metadata)) return facts;
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
