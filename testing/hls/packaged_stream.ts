/** Streams packaged in fragmented MP4 beside MPEG-TS, with the cuts that broadcasts have. */
import type { AudioConfig } from "../../src/audio/audio_config.ts";
import { Fmp4Packager } from "../../src/hls/fmp4_packager.ts";
import { Segmenter } from "../../src/hls/segmenter.ts";
import { MPEG_TS } from "../../src/hls/ts_packager.ts";

/** A segment with its parts. */
export interface PackagedSegment {
  readonly bytes: Uint8Array;
  readonly durationUs: number;
  readonly parts: readonly { readonly bytes: Uint8Array; readonly durationUs: number }[];
}

/** Packages frames as they come. */
export class StreamPackager {
  readonly segments: PackagedSegment[] = [];
  /** Of the open segment, as they appear. */
  parts: PackagedSegment["parts"] = [];
  readonly segmenter: Segmenter;
  #position = 0;

  /** @param targetMs how long segments are to be */
  constructor(targetMs = 1000) {
    const format = {
      ...MPEG_TS,
      newPackager: (config: AudioConfig) =>
        new Fmp4Packager(config, ({ bytes, durationUs }) => {
          this.parts = [...this.parts, { bytes: bytes.slice(), durationUs }];
        }),
    };
    this.segmenter = new Segmenter(targetMs, [MPEG_TS, format], ({ packages, durationUs }) => {
      const [, bytes = new Uint8Array()] = packages;
      this.segments.push({ bytes: bytes.slice(), durationUs, parts: this.parts });
      this.parts = [];
    });
  }

  configure(config: AudioConfig): void {
    this.segmenter.start(config);
    this.#position = 0;
  }

  write(...frames: readonly Uint8Array[]): void {
    for (const data of frames) {
      this.segmenter.write({ data, position: this.#position, dueMs: 0, filler: false });
      this.#position += 1024;
    }
  }
}
