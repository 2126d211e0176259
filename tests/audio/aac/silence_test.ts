/**
 * The silent access unit of each channel configuration decodes among real frames without a warning.
 */
import assert from "node:assert/strict";
import { SAMPLE_RATES } from "../../../src/audio/aac/aac_config.ts";
import { silentFrame } from "../../../src/audio/aac/silence.ts";
import { accessUnits, adtsStream, audioConfig } from "../../../testing/audio/access_units.ts";
import { coder, run, source } from "../../../testing/audio/ffmpeg.ts";

const BY_CHANNEL_CONFIGURATION: readonly (readonly [number, string, string])[] = [
  [1, "mono", "00000007"],
  [2, "stereo", "21000000001c"],
  [3, "3.0", "000000010800000000e0"],
  [4, "4.0", "00000001080000000002000007"],
  [5, "5.0", "00000001080000000023000000001c"],
  [6, "5.1", "00000001080000000023000000000c000000e0"],
  [7, "7.1", "000000010800000000230000000004a0000000018000001c"],
];

Deno.test("silence is made of the elements of each channel configuration", () => {
  for (const [channelConfiguration, , hex] of BY_CHANNEL_CONFIGURATION) {
    assert.equal(silentFrame(audioConfig({ channelConfiguration })).toHex(), hex);
  }
});

for (const [, layout] of BY_CHANNEL_CONFIGURATION) {
  Deno.test(`silence among real frames of ${layout} decodes without a warning at every rate`, () =>
    decodeWithSilence(layout, SAMPLE_RATES));
}

for (const layout of ["quad", "5.1(side)", "7.1(wide)"]) {
  Deno.test(`silence of ${layout}, told by a program config, decodes without a warning`, () =>
    decodeWithSilence(layout, [44100, 48000]));
}

async function decodeWithSilence(layout: string, rates: readonly number[]): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await encodeAll(folder, layout, rates);
    for (const rate of rates) await decodeMixed(await Deno.readFile(`${folder}/${rate}`));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** One process for all, as starting it is most of its work. */
async function encodeAll(folder: string, layout: string, rates: readonly number[]): Promise<void> {
  const inputs = rates.flatMap((rate) => source({ rate, seconds: 10 * 1024 / rate }));
  const outputs = rates.flatMap((rate, i) => {
    const file = ["-f", "adts", `${folder}/${rate}`];
    return ["-map", `${i}`, ...coder({ layout, bitrate: "32k" }), ...file];
  });
  await run("ffmpeg", [...inputs, ...outputs]);
}

/** Puts three silent frames after the fourth real one: the last two of them must be all zeros. */
async function decodeMixed(adts: Uint8Array): Promise<void> {
  const { config, frames } = accessUnits(adts);
  const silent = silentFrame(config);
  const mixed = [...frames.slice(0, 4), silent, silent, silent, ...frames.slice(4)];
  const reading = ["-guess_layout_max", "0", "-f", "aac", "-i", "pipe:0"];
  const pcm = await run("ffmpeg", [...reading, "-f", "s16le", "pipe:1"], adtsStream(config, mixed));
  const frameBytes = pcm.length / mixed.length;
  assert.ok(isHeard(pcm.subarray(3 * frameBytes, 4 * frameBytes)));
  assert.ok(!isHeard(pcm.subarray(5 * frameBytes, 7 * frameBytes)));
  assert.ok(isHeard(pcm.subarray(8 * frameBytes, 9 * frameBytes)));
}

function isHeard(pcm: Uint8Array): boolean {
  return pcm.some((byte) => byte !== 0);
}
