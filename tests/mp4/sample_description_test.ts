/** The sample descriptions of AAC and MP3 (ISO/IEC 14496-14 5.6), for every configuration. */
import assert from "node:assert/strict";
import type { AudioConfig } from "../../src/audio/audio_config.ts";
import {
  parseAudioSpecificConfig,
  writeAudioSpecificConfig,
} from "../../src/audio/aac/audio_specific_config.ts";
import { BitWriter } from "../../src/audio/bits.ts";
import { encodeBoxes, findBox, viewOf } from "../../src/mp4/boxes.ts";
import { sampleDescriptionBox } from "../../src/mp4/sample_description.ts";
import { audioConfig } from "../../testing/audio/access_units.ts";
import { everyMp3Config } from "../../testing/audio/mp3_streams.ts";

Deno.test("an AAC-LC stream is described as the specification's tables have it", () => {
  assert.deepEqual([...encodeBoxes(sampleDescriptionBox(audioConfig()))], [
    ...[0, 0, 0, 91, ...ascii("stsd"), 0, 0, 0, 0, 0, 0, 0, 1],
    ...[0, 0, 0, 75, ...ascii("mp4a"), 0, 0, 0, 0, 0, 0, 0, 1],
    ...[0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 16, 0, 0, 0, 0, 0xbb, 0x80, 0, 0],
    ...[0, 0, 0, 39, ...ascii("esds"), 0, 0, 0, 0],
    ...[0x03, 25, 0, 0, 0],
    ...[0x04, 17, 0x40, 0x15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ...[0x05, 2, 0x11, 0x90],
    ...[0x06, 1, 2],
  ]);
});

Deno.test("an MP3 stream is described by its object type alone: its frames tell the rest", () => {
  const rates = [[44100, 0x6b], [48000, 0x6b], [32000, 0x6b], [24000, 0x69], [
    11025,
    0x69,
  ]] as const;
  for (const [sampleRate, objectType] of rates) {
    for (const config of everyMp3Config().filter((config) => config.sampleRate === sampleRate)) {
      assert.deepEqual([...encodeBoxes(sampleDescriptionBox(config))], [
        ...[0, 0, 0, 87, ...ascii("stsd"), 0, 0, 0, 0, 0, 0, 0, 1],
        ...[0, 0, 0, 71, ...ascii("mp4a"), 0, 0, 0, 0, 0, 0, 0, 1],
        ...[0, 0, 0, 0, 0, 0, 0, 0, 0, config.channels, 0, 16, 0, 0, 0, 0],
        ...[sampleRate >> 8, sampleRate & 0xff, 0, 0],
        ...[0, 0, 0, 35, ...ascii("esds"), 0, 0, 0, 0],
        ...[0x03, 21, 0, 0, 0],
        ...[0x04, 13, objectType, 0x15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        ...[0x06, 1, 2],
      ]);
    }
  }
});

Deno.test("the decoder gets the AudioSpecificConfig of every configuration", () => {
  const configs = [
    audioConfig({ objectType: 1, sampleRate: 96000, channelConfiguration: 7 }),
    audioConfig({ sampleRate: 22050, sbr: true }),
    audioConfig({ sampleRate: 22050, channelConfiguration: 1, sbr: true, ps: true }),
    audioConfig({ channelConfiguration: 0, programConfig: programConfig(0) }),
    audioConfig({ channelConfiguration: 0, programConfig: programConfig(255) }),
  ];
  for (const config of configs) {
    const asc = decoderSpecificInfo(config);
    assert.deepEqual(asc, writeAudioSpecificConfig(config));
    assert.deepEqual(parseAudioSpecificConfig(asc), config);
  }
});

Deno.test("the channels of the core are counted", () => {
  for (const [channelConfiguration, channels] of [[1, 1], [2, 2], [6, 6], [7, 8]] as const) {
    assert.equal(mp4a(audioConfig({ channelConfiguration })).getUint16(16), channels);
  }
  const config = audioConfig({ channelConfiguration: 0, programConfig: programConfig(0) });
  assert.equal(mp4a(config).getUint16(16), 4);
});

Deno.test("a rate that 16 bits do not hold is left to the esds", () => {
  assert.equal(mp4a(audioConfig({ sampleRate: 64000 })).getUint16(24), 64000);
  assert.equal(mp4a(audioConfig({ sampleRate: 88200 })).getUint16(24), 0);
});

function mp4a(config: AudioConfig): DataView {
  const stsd = encodeBoxes(sampleDescriptionBox(config)).subarray(16);
  const entry = findBox(stsd, "mp4a");
  assert.ok(entry);
  return viewOf(entry);
}

/** Reads the descriptors down to the DecoderSpecificInfo. */
function decoderSpecificInfo(config: AudioConfig): Uint8Array {
  const stsd = encodeBoxes(sampleDescriptionBox(config));
  const entry = findBox(stsd.subarray(16), "mp4a");
  const esds = findBox(entry?.subarray(28) ?? stsd, "esds");
  assert.ok(esds);
  const es = descriptor(esds.subarray(4), 0x03);
  const decoderConfig = descriptor(es.payload.subarray(3), 0x04);
  assert.deepEqual([...descriptor(decoderConfig.rest, 0x06).payload], [2]);
  return descriptor(decoderConfig.payload.subarray(13), 0x05).payload;
}

function descriptor(bytes: Uint8Array, tag: number): { payload: Uint8Array; rest: Uint8Array } {
  assert.equal(bytes[0], tag);
  let at = 1;
  let length = 0;
  for (;;) {
    const byte = bytes[at++] ?? 0;
    length = length * 128 + (byte & 0x7f);
    if (byte < 0x80) break;
  }
  assert.ok(at + length <= bytes.length);
  return { payload: bytes.subarray(at, at + length), rest: bytes.subarray(at + length) };
}

/** A program_config_element of front SCE, front CPE and LFE, with a comment. */
function programConfig(commentBytes: number): Uint8Array {
  const writer = new BitWriter();
  writer.write(5, 3);
  writer.write(0, 4);
  writer.write(1, 2);
  writer.write(3, 4);
  for (const [count, bits] of [[2, 4], [0, 4], [0, 4], [1, 2], [0, 3], [0, 4]] as const) {
    writer.write(count, bits);
  }
  writer.write(0, 3); // no mixdowns
  writer.write(0, 5); // SCE 0
  writer.write(0x10, 5); // CPE 0
  writer.write(0, 4); // LFE 0
  writer.align();
  writer.write(commentBytes, 8);
  for (let i = 0; i < commentBytes; i++) writer.write(65 + i % 26, 8);
  return writer.toBytes();
}

function ascii(code: string): number[] {
  return [...new TextEncoder().encode(code)];
}
