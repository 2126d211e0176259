/** Which codec a stream type or a configuration stands for, and what holds for every codec. */
import assert from "node:assert/strict";
import { codecOf, isFrameLength, tsParserOf } from "../../src/audio/codec_of.ts";
import { adtsStream, audioConfig, Collector } from "../../testing/audio/access_units.ts";

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
});

Deno.test("no other frame length is taken", () => {
  for (const samples of [0, 960, 1025, 2048]) assert.ok(!isFrameLength(samples));
});
