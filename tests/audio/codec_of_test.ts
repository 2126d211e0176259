/** Which codec a stream type or a configuration stands for, and what holds for every codec. */
import assert from "node:assert/strict";
import {
  codecOf,
  configOfText,
  configText,
  isFrameLength,
  tsParserOf,
} from "../../src/audio/codec_of.ts";
import { adtsStream, audioConfig, Collector } from "../../testing/audio/access_units.ts";
import { everyMp3Config, mp3Config } from "../../testing/audio/mp3_streams.ts";

Deno.test("a stream that is framed for a transport stream is found by its stream type", () => {
  const config = audioConfig();
  const { streamType } = codecOf(config).tsFraming(config);
  const found = new Collector();
  const parser = tsParserOf(streamType)?.(found);
  parser?.feed(adtsStream(config, [Uint8Array.of(1, 2, 3), Uint8Array.of(4)]));
  parser?.flush();
  assert.deepEqual(found.configs, [config]);
  assert.deepEqual(found.frames, [Uint8Array.of(1, 2, 3), Uint8Array.of(4)]);
});

Deno.test("a configuration is found again by its text", () => {
  const aac = [audioConfig(), audioConfig({ sbr: true, ps: true }), audioConfig({ sbr: false })];
  for (const config of [...aac, ...everyMp3Config()]) {
    assert.deepEqual(configOfText(configText(config))?.sampleRate, config.sampleRate);
    assert.equal(configText(configOfText(configText(config)) ?? config), configText(config));
  }
  assert.deepEqual(
    everyMp3Config().map((config) => configOfText(configText(config))),
    everyMp3Config(),
  );
  for (const none of ["mp3 fffd1400", "mp3 fffb0000", "mp3 ff", "mp3 00000000", "mp3 ", "ogg 00"]) {
    assert.equal(configOfText(none), undefined, none);
  }
});

Deno.test("a decoder goes on where version, rate and channels stay, and in no other codec", () => {
  const { continuation } = codecOf(mp3Config());
  assert.deepEqual(continuation(mp3Config(), mp3Config()), mp3Config());
  const others = everyMp3Config().filter(({ sampleRate, channels }) =>
    sampleRate !== 44100 || channels !== 2
  );
  for (const other of [audioConfig({ sampleRate: 44100 }), ...others]) {
    assert.equal(continuation(other, mp3Config()), undefined);
    assert.equal(codecOf(other).continuation(mp3Config(), other), undefined);
  }
});

Deno.test("MP3 is framed as MPEG-1 or MPEG-2 audio, and offered in MPEG-TS alone", () => {
  for (const config of everyMp3Config()) {
    const codec = codecOf(config);
    const { streamType, headerBytes } = codec.tsFraming(config);
    assert.deepEqual([streamType, headerBytes], [config.version === 1 ? 0x03 : 0x04, 0]);
    assert.equal(codec.codecString(config), "mp4a.40.34");
    assert.equal(codec.inFragmentedMp4, false);
    const found = new Collector();
    const parser = tsParserOf(streamType)?.(found);
    const silence = codec.silentFrame(config);
    parser?.feed(silence);
    parser?.flush();
    assert.deepEqual([found.configs, found.frames], [[config], [silence]]);
  }
});

Deno.test("a stream type that Echo does not take is told as such", () => {
  assert.ok(tsParserOf(0x11), "AAC in LATM");
  for (const video of [0x1b, 0x24]) assert.equal(tsParserOf(video), undefined);
});

Deno.test("silence fits where access units do, and the longest access unit fits its framing", () => {
  for (const channelConfiguration of [1, 2, 3, 4, 5, 6, 7]) {
    const config = audioConfig({ channelConfiguration });
    const codec = codecOf(config);
    const most = codec.maxAccessUnitBytes(config);
    assert.ok(codec.silentFrame(config).length <= most);
    assert.equal(codec.tsFraming(config).headerBytes + most, 8191);
    assert.ok(isFrameLength(config.samplesPerFrame));
  }
  for (const config of everyMp3Config()) {
    const codec = codecOf(config);
    assert.ok(codec.silentFrame(config).length <= codec.maxAccessUnitBytes(config));
    assert.ok(isFrameLength(config.samplesPerFrame));
  }
});

Deno.test("no other frame length is taken", () => {
  for (const samples of [0, 960, 1025, 2048]) assert.ok(!isFrameLength(samples));
});
