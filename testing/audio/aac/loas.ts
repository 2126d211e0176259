/** Writes LATM in LOAS (ISO/IEC 14496-3 1.7.2 and 1.7.3), for tests. */
import type { AacConfig } from "../../../src/audio/aac/aac_config.ts";
import { writeAudioSpecificConfig } from "../../../src/audio/aac/audio_specific_config.ts";
import { BitWriter } from "../../../src/audio/bits.ts";
import { concat } from "../../bytes.ts";

/** One element of an AudioSyncStream: a configuration where there is one, then access units. */
export function loas(of: {
  readonly version?: number;
  /** Without it, that of an element before is used. */
  readonly config?: AacConfig;
  readonly payloads: readonly Uint8Array[];
  readonly otherData?: boolean;
}): Uint8Array {
  const writer = new BitWriter();
  writer.write(of.config === undefined ? 1 : 0, 1); // useSameStreamMux
  if (of.config !== undefined) {
    writeStreamMuxConfig(
      writer,
      of.config,
      of.payloads.length,
      of.version ?? 0,
      of.otherData ?? false,
    );
  }
  for (const payload of of.payloads) {
    for (let left = payload.length; left >= 0; left -= 255) writer.write(Math.min(left, 255), 8);
    for (const byte of payload) writer.write(byte, 8);
  }
  return element(writer.toBytes());
}

/** An AudioMuxElement behind its syncword and length. */
export function element(bytes: Uint8Array): Uint8Array {
  const header = Uint8Array.of(0x56, 0xe0 | (bytes.length >> 8), bytes.length & 0xff);
  return concat([header, bytes]);
}

function writeStreamMuxConfig(
  writer: BitWriter,
  config: AacConfig,
  subFrames: number,
  version: number,
  otherData: boolean,
): void {
  const specificConfig = writeAudioSpecificConfig(config);
  writer.write(version, 1);
  if (version === 1) {
    writer.write(0, 1); // audioMuxVersionA
    writer.write(0, 2 + 8); // taraBufferFullness in one byte
  }
  writer.write(1, 1); // allStreamsSameTimeFraming
  writer.write(subFrames - 1, 6);
  writer.write(0, 4 + 3); // one program, one layer
  if (version === 1) {
    writer.write(0, 2);
    writer.write(8 * specificConfig.length, 8);
  }
  for (const byte of specificConfig) writer.write(byte, 8);
  writer.write(0, 3); // frameLengthType
  writer.write(0xff, 8); // latmBufferFullness
  writer.write(otherData ? 1 : 0, 1);
  if (otherData && version === 1) {
    writer.write(1, 2); // a value in two bytes
    writer.write(0x0110, 16);
  }
  if (otherData && version === 0) {
    writer.write(0x101, 9);
    writer.write(0x010, 9);
  }
  writer.write(otherData ? 1 : 0, 1); // crcCheckPresent
  if (otherData) writer.write(0x5a, 8);
}
