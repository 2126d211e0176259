/** The bytes of segments in MPEG-TS, held to what they have been: caches and players have seen them. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { AudioConfig } from "../../src/audio/audio_config.ts";
import { FORMATS } from "../../src/hls/formats.ts";
import { Segmenter } from "../../src/hls/segmenter.ts";
import { audioConfig } from "../../testing/audio/access_units.ts";

/** Of all segments of the broadcast below, one after the other. */
const GOLDEN = "10413fc8bafd5cc30e910112cd40b80ffe371daeda47e0f7310e04e681b3619b";

Deno.test("segments in MPEG-TS are, byte for byte, what they have been", () => {
  const hash = createHash("sha256");
  let segments = 0;
  const segmenter = new Segmenter(1000, FORMATS, ({ packages }) => {
    for (const bytes of packages) hash.update(bytes);
    segments++;
  });
  let seed = 1;
  const send = (config: AudioConfig, frames: number) => {
    segmenter.start(config);
    for (let i = 0; i < frames; i++) {
      seed = seed * 48_271 % 2_147_483_647;
      const data = new Uint8Array(6 + seed % 700).fill(seed & 0xff);
      segmenter.write({ data, position: i * 1024, dueMs: 0, filler: false });
    }
  };
  send(audioConfig(), 200);
  send({ ...audioConfig(), sampleRate: 44_100 }, 150);
  segmenter.discontinuity();
  send({ ...audioConfig(), channelConfiguration: 1 }, 100);
  segmenter.cut();
  assert.equal(segments, 12);
  assert.equal(hash.digest("hex"), GOLDEN);
});
