/**
 * AAC for tests: configurations, access units, ADTS streams, and a collector of what parsers find.
 */
import assert from "node:assert/strict";
import type { AccessUnitSink } from "../../src/audio/access_unit_sink.ts";
import type { AacConfig } from "../../src/audio/aac/aac_config.ts";
import { AdtsFraming } from "../../src/audio/aac/adts.ts";
import { AdtsParser } from "../../src/audio/aac/adts_parser.ts";
import type { AudioConfig } from "../../src/audio/audio_config.ts";
import { concat } from "../bytes.ts";

/** Keeps all that a parser finds. */
export class Collector implements AccessUnitSink {
  readonly configs: AudioConfig[] = [];
  readonly frames: Uint8Array[] = [];
  readonly offsets: number[] = [];
  badCount = 0;

  configure(config: AudioConfig): void {
    this.configs.push(config);
  }

  write(data: Uint8Array, offset: number): void {
    this.frames.push(data.slice());
    this.offsets.push(offset);
  }

  bad(count: number): void {
    this.badCount += count;
  }
}

/** The one configuration and the access units of a whole ADTS stream. */
export function accessUnits(adts: Uint8Array): { config: AacConfig; frames: Uint8Array[] } {
  const found = new Collector();
  const parser = new AdtsParser(found);
  parser.feed(adts);
  parser.flush();
  const [config, ...others] = found.configs;
  assert.ok(config?.codec === "aac" && others.length === 0);
  assert.equal(found.badCount, 0);
  return { config, frames: found.frames };
}

/** One ADTS frame; the config's program_config_element stands before the access unit. */
export function adtsFrame(config: AacConfig, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const framing = new AdtsFraming(config);
  const frame = new Uint8Array(framing.headerBytes + data.length);
  framing.writeHeader(frame, 0, data.length);
  frame.set(data, framing.headerBytes);
  return frame;
}

/** A whole ADTS stream. */
export function adtsStream(config: AacConfig, frames: Iterable<Uint8Array>): Uint8Array {
  return concat(Array.from(frames, (frame) => adtsFrame(config, frame)));
}

/** A config of AAC-LC in stereo at 48 kHz, but for what is given. */
export function audioConfig(fields: Partial<AacConfig> = {}): AacConfig {
  return {
    codec: "aac",
    samplesPerFrame: 1024,
    objectType: 2,
    sampleRate: 48000,
    channelConfiguration: 2,
    programConfig: undefined,
    sbr: undefined,
    ps: undefined,
    ...fields,
  };
}
