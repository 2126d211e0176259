/** Keeps what a demuxer finds, with its times. */
import type { AudioConfig } from "../../src/audio/audio_config.ts";
import type { Id3Texts } from "../../src/audio/id3_texts.ts";
import type { TimedSink } from "../../src/mpegts/audio_pes.ts";
import { TsDemuxer } from "../../src/mpegts/demuxer.ts";

/** Keeps all that a demuxer finds. */
export class TimedCollector implements TimedSink {
  readonly configs: AudioConfig[] = [];
  readonly frames: Uint8Array[] = [];
  readonly times: (number | undefined)[] = [];
  readonly texts: (Id3Texts & { readonly timeMs: number | undefined })[] = [];
  badCount = 0;

  configure(config: AudioConfig): void {
    this.configs.push(config);
  }

  write(data: Uint8Array, timeMs: number | undefined): void {
    this.frames.push(data.slice());
    this.times.push(timeMs);
  }

  metadata(texts: Id3Texts, timeMs: number | undefined): void {
    this.texts.push({ ...texts, timeMs });
  }

  bad(count: number): void {
    this.badCount += count;
  }
}

/** Demultiplexes a whole stream that comes in these pieces. */
export function demux(
  ...pieces: readonly Uint8Array[]
): { found: TimedCollector; demuxer: TsDemuxer } {
  const found = new TimedCollector();
  const demuxer = new TsDemuxer(found);
  for (const piece of pieces) demuxer.feed(piece);
  demuxer.flush();
  return { found, demuxer };
}
