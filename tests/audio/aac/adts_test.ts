/** ADTS headers: what is written is what FFmpeg writes, and what is read back is the same. */
import assert from "node:assert/strict";
import { ADTS_HEADER_BYTES, AdtsFraming, parseAdtsHeader } from "../../../src/audio/aac/adts.ts";
import { SAMPLE_RATES } from "../../../src/audio/aac/aac_config.ts";
import { accessUnits, adtsStream, audioConfig } from "../../../testing/audio/access_units.ts";
import { encode } from "../../../testing/audio/ffmpeg.ts";

Deno.test("headers are the ones that FFmpeg writes", async () => {
  for (const layout of ["mono", "stereo", "7.1"]) {
    const adts = await encode({ layout });
    const { config, frames } = accessUnits(adts);
    assert.deepEqual(adtsStream(config, frames), adts);
  }
});

Deno.test("every configuration survives being written and read", () => {
  const out = new Uint8Array(ADTS_HEADER_BYTES + 2);
  for (const objectType of [1, 2, 4] as const) {
    for (const [samplingFrequencyIndex, sampleRate] of SAMPLE_RATES.entries()) {
      for (const channelConfiguration of [0, 1, 2, 3, 4, 5, 6, 7]) {
        const config = audioConfig({ objectType, sampleRate, channelConfiguration });
        for (const accessUnitBytes of [1, 255, 256, 2048, 8184]) {
          new AdtsFraming(config).writeHeader(out, 1, accessUnitBytes);
          assert.deepEqual(parseAdtsHeader(out, 1), {
            objectType,
            samplingFrequencyIndex,
            channelConfiguration,
            frameBytes: ADTS_HEADER_BYTES + accessUnitBytes,
            headerBytes: ADTS_HEADER_BYTES,
            rawDataBlocks: 1,
            crc: false,
          });
        }
      }
    }
  }
});

Deno.test("a header that is cut off, or whose frame would be empty, is not taken for a header", () => {
  const out = new Uint8Array(ADTS_HEADER_BYTES);
  new AdtsFraming(audioConfig()).writeHeader(out, 0, 1);
  assert.ok(parseAdtsHeader(out, 0));
  assert.equal(parseAdtsHeader(out.subarray(0, 6), 0), undefined);
  assert.equal(parseAdtsHeader(out, 1), undefined);
  new AdtsFraming(audioConfig()).writeHeader(out, 0, 0);
  assert.equal(parseAdtsHeader(out, 0), undefined);
});
