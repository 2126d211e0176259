/**
 * The preroll in low latency: it is remuxed into fragmented MP4 once, for all broadcasts.
 *
 * @module
 */
import type { AudioConfig } from "../../audio/audio_config.ts";
import { codecOf } from "../../audio/codec_of.ts";
import { initSection } from "../../mp4/init_section.ts";
import { contentHash } from "../../web/entity_tag.ts";
import { Fmp4Packager } from "../fmp4_packager.ts";
import type { ServedFile } from "../origin.ts";
import type { SegmentEntry } from "../playlist.ts";
import { initFile, LOW_MEDIA_TYPE } from "./low_names.ts";
import type { WholeSegment } from "./low_playlist.ts";

/** What is in a segment of the preroll. */
export interface PrerollAudio extends Pick<SegmentEntry, "uri" | "discontinuity"> {
  /** Those of its access units, each where it begins. */
  readonly configs: readonly AudioConfig[];
  /** Access units. */
  readonly frames: readonly Uint8Array[];
}

/** A segment of the preroll as playlists of low latency list it. */
export type LowPrerollSegment = Omit<WholeSegment, "sequence" | "discontinuity">;

/** The preroll in fragmented MP4. */
export interface LowPreroll {
  /** Its segments, by the URIs that they have in `playlist.m3u8`. */
  readonly segments: ReadonlyMap<string, LowPrerollSegment>;
  /**
   * Segments, their parts and init sections, by their names, which tell their contents apart. They are
   * beside the files of which they are made.
   */
  readonly files: ReadonlyMap<string, ServedFile>;
}

/** Thrown where a preroll cannot be had in low latency; says why. */
export class NotForLowLatency extends Error {
  override readonly name = "NotForLowLatency";
}

/**
 * Remuxes the segments of a preroll, in order. Those with no discontinuity between them are on one
 * timeline.
 * @throws {NotForLowLatency}
 */
export function remuxPreroll(preroll: readonly PrerollAudio[]): LowPreroll {
  const segments = new Map<string, LowPrerollSegment>();
  const files = new Map<string, ServedFile>();
  let timeline: Timeline | undefined;
  for (const { uri, discontinuity, configs, frames } of preroll) {
    const [config, ...others] = configs;
    if (config === undefined || others.length > 0) {
      throw new NotForLowLatency(`the configuration changes within ${uri}`);
    }
    if (!codecOf(config).inFragmentedMp4) {
      throw new NotForLowLatency(`${uri} has another codec than AAC`);
    }
    if (timeline === undefined || discontinuity) timeline = new Timeline(config);
    else if (initFile(initSection(config)) !== timeline.initName) {
      throw new NotForLowLatency(`${uri} has another configuration, and no EXT-X-DISCONTINUITY`);
    }
    const made = timeline.package(uri, frames);
    if ((segments.get(uri)?.uri ?? made.segment.uri) !== made.segment.uri) {
      throw new NotForLowLatency(`${uri} comes again, and no EXT-X-DISCONTINUITY before it`);
    }
    segments.set(uri, made.segment);
    for (const [file, bytes] of made.files) files.set(file, served(file, bytes));
  }
  return { segments, files };
}

/** Segments that follow each other without a discontinuity. */
class Timeline {
  readonly initName: string;
  readonly #initSection: Uint8Array<ArrayBuffer>;
  readonly #packager: Fmp4Packager;
  /** Of the open segment: how long each part is, in bytes and in time. */
  #parts: { readonly size: number; readonly durationUs: number }[] = [];

  constructor(config: AudioConfig) {
    this.#initSection = initSection(config);
    this.initName = initFile(this.#initSection);
    this.#packager = new Fmp4Packager(config, ({ bytes, durationUs }) => {
      this.#parts.push({ size: bytes.length, durationUs });
    });
  }

  /** Makes the next segment. @param uri that of what it is made of, with the path of its folder */
  package(uri: string, frames: readonly Uint8Array[]): MadeSegment {
    this.#parts = [];
    this.#packager.begin(frames.length);
    for (const frame of frames) this.#packager.write(frame);
    const { bytes: all, durationUs } = this.#packager.end();
    const bytes = all.slice();
    const [, place = "", base = ""] = /^(.*\/)([^/]*)\.[a-z0-9]+$/.exec(uri) ?? [];
    const stem = `${base}-${contentHash(bytes)}`;
    const name = `${stem}.m4s`;
    const files = new Map([[this.initName, this.#initSection], [name, bytes]]);
    let end = 0;
    const parts = this.#parts.map(({ size, durationUs }, i) => {
      const part = `${stem}.${i}.m4s`;
      // The bytes are those of the segment: they are in memory once.
      files.set(part, bytes.subarray(end, end += size));
      return { uri: place + part, durationUs };
    });
    const initUri = place + this.initName;
    const { length: size } = bytes;
    const segment = { uri: place + name, initUri, parts, durationUs, size, wallMs: undefined };
    return { segment, files };
  }
}

interface MadeSegment {
  readonly segment: LowPrerollSegment;
  readonly files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

function served(file: string, bytes: Uint8Array<ArrayBuffer>): ServedFile {
  // No two have the same name.
  return { bytes, type: LOW_MEDIA_TYPE, etag: `"${file}"` };
}
