/** Streams packaged in fragmented MP4, with the cuts that broadcasts have in MPEG-TS. */
import type { AudioConfig } from "../../src/audio/audio_config.ts";
import { Fmp4Packager, type PackagedPart } from "../../src/hls/fmp4_packager.ts";
import { Segmenter } from "../../src/hls/segmenter.ts";
import { MPEG_TS } from "../../src/hls/ts_packager.ts";

/** A segment with its parts. */
export interface PackagedSegment extends PackagedPart {
  readonly parts: readonly PackagedPart[];
}

/** Packages frames as they come. */
export class StreamPackager {
  readonly segments: PackagedSegment[] = [];
  /** Of the open segment. */
  parts: readonly PackagedPart[] = [];
  readonly segmenter: Segmenter;
  #packager: Fmp4Packager | undefined;
  #position = 0;

  /** @param targetMs how long segments are to be */
  constructor(targetMs = 1000) {
    this.segmenter = new Segmenter(targetMs, [MPEG_TS], () => {});
    this.segmenter.tap({
      configure: (config) => {
        if (this.#packager !== undefined) this.#packager.configure(config);
        else this.#packager = new Fmp4Packager(config, (part) => this.#takePart(part));
      },
      begin: ({ frames }) => this.#packager?.begin(frames),
      write: (data) => this.#packager?.write(data),
      end: () => this.#takeSegment(this.#packager?.end()),
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

  #takePart({ bytes, durationUs }: PackagedPart): void {
    this.parts = [...this.parts, { bytes: bytes.slice(), durationUs }];
  }

  #takeSegment(segment: PackagedPart | undefined): void {
    if (segment === undefined) return;
    const { bytes, durationUs } = segment;
    this.segments.push({ bytes: bytes.slice(), durationUs, parts: this.parts });
    this.parts = [];
  }
}
