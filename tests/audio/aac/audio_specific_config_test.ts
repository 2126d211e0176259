/**
 * The AudioSpecificConfig (ISO/IEC 14496-3 1.6.2.1) of each kind of AAC: read, written, or refused
 * by name.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { type AacConfig, SAMPLE_RATES } from "../../../src/audio/aac/aac_config.ts";
import {
  codecString,
  continuation,
  parseAudioSpecificConfig,
  sameAacConfig,
  writeAudioSpecificConfig,
} from "../../../src/audio/aac/audio_specific_config.ts";
import { UnsupportedAudio } from "../../../src/audio/unsupported_audio.ts";
import { BitWriter, MalformedAudio } from "../../../src/audio/bits.ts";
import { accessUnits, audioConfig } from "../../../testing/audio/access_units.ts";
import { encode } from "../../../testing/audio/ffmpeg.ts";

Deno.test("plain AAC-LC is read and written", () => {
  const config = parseAudioSpecificConfig(Uint8Array.of(0x11, 0x90));
  assert.deepEqual(config, audioConfig());
  assert.deepEqual(writeAudioSpecificConfig(config), Uint8Array.of(0x11, 0x90));
});

Deno.test("the absence of SBR, as FFmpeg signals it, is kept", () => {
  const bytes = Uint8Array.of(0x12, 0x10, 0x56, 0xe5, 0x00);
  const config = parseAudioSpecificConfig(bytes);
  assert.deepEqual(config, audioConfig({ sampleRate: 44100, sbr: false }));
  assert.deepEqual(writeAudioSpecificConfig(config), bytes);
});

Deno.test("hierarchical SBR is read and written", async () => {
  const bytes = decoderSpecificInfo(await media("he-aac-v1_explicit-signalling.m4a"));
  const config = parseAudioSpecificConfig(bytes);
  assert.deepEqual(config, audioConfig({ sampleRate: 22050, sbr: true }));
  assert.deepEqual(writeAudioSpecificConfig(config), bytes);
});

Deno.test("backward compatible SBR and PS are read, and written hierarchically", async () => {
  const bytes = decoderSpecificInfo(await media("he-aac-v2_explicit-signalling.m4a"));
  const config = parseAudioSpecificConfig(bytes);
  const expected = audioConfig({ sampleRate: 22050, channelConfiguration: 1, sbr: true, ps: true });
  assert.deepEqual(config, expected);
  const written = writeAudioSpecificConfig(config);
  assert.equal((written[0] ?? 0) >> 3, 29);
  assert.deepEqual(parseAudioSpecificConfig(written), expected);
});

for (const layout of ["quad", "5.1(side)", "7.1(wide)"]) {
  Deno.test(`the program config of ${layout} is the same in MP4 and ADTS`, async () => {
    const inMp4 = decoderSpecificInfo(
      await encode({ layout, format: "mp4", options: ["-movflags", "frag_keyframe+empty_moov"] }),
    );
    const config = parseAudioSpecificConfig(inMp4);
    const { config: inAdts } = accessUnits(await encode({ layout }));
    assert.deepEqual(config, { ...inAdts, sbr: false });
    assert.deepEqual(writeAudioSpecificConfig(config), inMp4);
  });
}

Deno.test("a sample rate in 24 bits is that of the table where it is equal", () => {
  const writer = new BitWriter();
  for (const [value, bits] of [[2, 5], [15, 4], [44100, 24], [2, 4], [0, 3]] as const) {
    writer.write(value, bits);
  }
  const config = parseAudioSpecificConfig(writer.toBytes());
  assert.deepEqual(config, audioConfig({ sampleRate: 44100 }));
});

Deno.test("what Echo does not take is refused by name", () => {
  const refused: [string, [number, number][]][] = [
    ["AAC with 960-sample frames", [[2, 5], [3, 4], [2, 4], [1, 1], [0, 2]]],
    ["AAC that depends on a core coder", [[2, 5], [3, 4], [2, 4], [0, 1], [1, 1], [0, 15]]],
    ["AAC SSR (object type 3)", [[3, 5], [3, 4], [2, 4], [0, 3]]],
    ["USAC/xHE-AAC (object type 42)", [[31, 5], [10, 6], [3, 4], [2, 4], [0, 3]]],
    ["ER AAC LD (object type 23)", [[23, 5], [3, 4], [2, 4], [0, 3]]],
    ["audio (object type 10)", [[10, 5], [3, 4], [2, 4], [0, 3]]],
    ["ER AAC LC (object type 17)", [[5, 5], [6, 4], [2, 4], [3, 4], [17, 5], [0, 3]]],
    ["a sample rate of 37800 Hz", [[2, 5], [15, 4], [37800, 24], [2, 4], [0, 3]]],
    ["sampling frequency index 13", [[2, 5], [13, 4], [2, 4], [0, 3]]],
    ["channel configuration 11", [[2, 5], [3, 4], [11, 4], [0, 3]]],
  ];
  for (const [message, fields] of refused) {
    const writer = new BitWriter();
    for (const [value, bits] of fields) writer.write(value, bits);
    assert.throws(
      () => parseAudioSpecificConfig(writer.toBytes()),
      (error) => error instanceof UnsupportedAudio && error.message === message,
      message,
    );
  }
});

Deno.test("every configuration survives being written and read", () => {
  for (const objectType of [1, 2, 4] as const) {
    for (const sampleRate of SAMPLE_RATES) {
      for (const channelConfiguration of [1, 2, 3, 4, 5, 6, 7]) {
        for (const [sbr, ps] of SIGNALLING) {
          const config = audioConfig({ objectType, sampleRate, channelConfiguration, sbr, ps });
          const read = parseAudioSpecificConfig(writeAudioSpecificConfig(config));
          assert.deepEqual(read, config);
          assert.ok(sameAacConfig(read, config));
        }
      }
    }
  }
});

Deno.test("configurations that differ in any field are not the same", () => {
  const config = audioConfig({ channelConfiguration: 0, programConfig: Uint8Array.of(0xa0, 1) });
  const others: Partial<AacConfig>[] = [
    { objectType: 1 },
    { sampleRate: 44100 },
    { channelConfiguration: 1 },
    { programConfig: undefined },
    { programConfig: Uint8Array.of(0xa0, 2) },
    { programConfig: Uint8Array.of(0xa0) },
    { sbr: false },
    { ps: true },
  ];
  for (const other of others) assert.ok(!sameAacConfig(config, { ...config, ...other }));
  assert.ok(sameAacConfig(config, { ...config, programConfig: Uint8Array.of(0xa0, 1) }));
});

Deno.test("a source that says nothing of SBR and PS goes on as one that said it", () => {
  const silent = audioConfig({ sampleRate: 22050 });
  const told = { ...silent, sbr: true, ps: false };
  assert.deepEqual(continuation(told, silent), told);
  assert.deepEqual(continuation(silent, told), told);
  assert.deepEqual(continuation({ ...told, ps: undefined }, { ...told, sbr: undefined }), told);
  assert.deepEqual(continuation(silent, silent), silent);
});

Deno.test("another decoder, or one that was told otherwise, does not go on", () => {
  const config = audioConfig({ sampleRate: 22050, sbr: true, ps: false });
  const others: Partial<AacConfig>[] = [
    { sbr: false },
    { ps: true },
    { sampleRate: 44100 },
    { objectType: 1 },
  ];
  for (const other of others) {
    assert.equal(continuation(config, { ...config, ...other }), undefined);
  }
});

Deno.test("codec strings name the object type that plays it", () => {
  assert.equal(codecString(audioConfig()), "mp4a.40.2");
  assert.equal(codecString(audioConfig({ objectType: 1, sbr: false })), "mp4a.40.1");
  assert.equal(codecString(audioConfig({ sbr: true })), "mp4a.40.5");
  assert.equal(codecString(audioConfig({ sbr: true, ps: true })), "mp4a.40.29");
});

Deno.test("any bytes give a configuration or one of the two errors", () => {
  const start = fc.constantFrom([0x11, 0x90], [0x11, 0x80], [0x2b, 0x92, 0x08], [0x10], []);
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 64 }), (start, rest) => {
      try {
        const config = parseAudioSpecificConfig(Uint8Array.from([...start, ...rest]));
        assert.deepEqual(parseAudioSpecificConfig(writeAudioSpecificConfig(config)), {
          ...config,
          ps: config.sbr === true && config.ps === false ? undefined : config.ps,
        });
      } catch (error) {
        if (!(error instanceof UnsupportedAudio || error instanceof MalformedAudio)) throw error;
      }
    }),
    { numRuns: 2000 },
  );
});

const SIGNALLING: readonly (readonly [boolean | undefined, boolean | undefined])[] = [
  [undefined, undefined],
  [false, undefined],
  [true, undefined],
  [true, true],
];

function media(name: string): Promise<Uint8Array> {
  return Deno.readFile(new URL(`../../../testing/media/${name}`, import.meta.url));
}

/** The DecoderSpecificInfo (ISO/IEC 14496-1 7.2.6.7) in an MP4's esds. */
function decoderSpecificInfo(mp4: Uint8Array): Uint8Array {
  const esds = new TextDecoder("latin1").decode(mp4).indexOf("esds");
  assert.ok(esds >= 0);
  let at = mp4.indexOf(0x05, mp4.indexOf(0x04, esds) + 18) + 1;
  while (mp4[at] === 0x80) at++;
  return mp4.slice(at + 1, at + 1 + (mp4[at] ?? 0));
}
