/** Streams packaged in fragmented MP4 beside MPEG-TS, with the cuts that broadcasts have. */
import type { AudioConfig } from "../../src/audio/audio_config.ts";
import { Fmp4Packager, type PackagedPart } from "../../src/hls/fmp4_packager.ts";
import { type CutSegment, Segmenter } from "../../src/hls/segmenter.ts";
import { MPEG_TS } from "../../src/hls/ts_packager.ts";

/** A segment with its parts. */
export interface PackagedSegment {
  readonly bytes: Uint8Array;
  readonly durationUs: number;
  readonly parts: readonly PackagedPart[];
}

/** Who is told of parts and segments as they come. */
export interface PackagedSink {
  readonly onPart?: (part: PackagedPart) => void;
  readonly onSegment?: (segment: PackagedSegment, cut: CutSegment) => void;
}

/** Packages frames as they come. */
export class StreamPackager {
  readonly segments: PackagedSegment[] = [];
  /** Of the open segment. */
  parts: readonly PackagedPart[] = [];
  readonly segmenter: Segmenter;
  #position = 0;

  /** @param targetMs how long segments are to be */
  constructor(targetMs = 1000, { onPart, onSegment }: PackagedSink = {}) {
    const takePart = ({ bytes, durationUs }: PackagedPart) => {
      const part = { bytes: bytes.slice(), durationUs };
      this.parts = [...this.parts, part];
      onPart?.(part);
    };
    const newPackager = (config: AudioConfig) => new Fmp4Packager(config, takePart);
    this.segmenter = new Segmenter(targetMs, [MPEG_TS, { ...MPEG_TS, newPackager }], (cut) => {
      const { packages: [, bytes = new Uint8Array()], durationUs } = cut;
      const segment = { bytes: bytes.slice(), durationUs, parts: this.parts };
      this.segments.push(segment);
      this.parts = [];
      onSegment?.(segment, cut);
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
