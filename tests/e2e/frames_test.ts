/** Every access unit that goes in by RTMP comes out by HLS unchanged, for every kind of AAC. */
import assert from "node:assert/strict";
import { accessUnits } from "../../testing/hls_validator/adts.ts";
import { BothFormsFollower } from "../../testing/e2e/both_forms_follower.ts";
import { assertWhole } from "../../testing/e2e/audio_sent.ts";
import { until } from "../../testing/until.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { type Clip, Encoder, Media, sample } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";

/** Longer than the window, so that it slides. */
const seconds = 14;

const CLIPS: Readonly<Record<string, Clip>> = {
  "lc-44100-mono": { sampleRate: 44_100, layout: "mono", seconds },
  "lc-44100-stereo": { sampleRate: 44_100, layout: "stereo", seconds },
  "lc-48000-mono": { sampleRate: 48_000, layout: "mono", seconds },
  "lc-48000-stereo": { sampleRate: 48_000, layout: "stereo", seconds },
  "lc-48000-surround": { sampleRate: 48_000, layout: "5.1", seconds, bitrate: "256k" },
  "lc-48000-surround-side": { sampleRate: 48_000, layout: "5.1(side)", seconds, bitrate: "256k" },
};

const SAMPLES = [
  "he-aac-v1_44100_stereo_64k.aac",
  "he-aac-v1_48000_mono_32k.aac",
  "he-aac-v2_44100_stereo_32k.aac",
  "he-aac-v1_explicit-signalling.m4a",
  "he-aac-v2_explicit-signalling.m4a",
];

/** What FFmpeg prints of silence in HE-AAC, as it is put in and as it follows the end. */
const SILENCE_IN_HE_AAC = /No quantized data read for sbr_dequant/;

scenario(
  "every access unit comes out as it went in, for every kind of AAC, until the end",
  async (t) => {
    await using media = await Media.create();
    const files = new Map<string, string>();
    await Promise.all(
      Object.entries(CLIPS).map(async ([name, clip]) => {
        files.set(name, await media.encode(name, clip));
      }),
    );
    for (const name of SAMPLES) files.set(name.replace(/\.\w+$/, ""), sample(name));

    // Segments of 2 s wait half a second for what is late, on a machine that is busy.
    await using server = await EchoServer.start({ env: { HLS_TARGET_DURATION: "2" } });
    const results = await together(files, async ([name, file]) => {
      await using follower = new BothFormsFollower(server.playlistUrl(name), {
        exceptions: ["deliberateEnd"],
      });
      await using _encoder = new Encoder(file, server.rtmpUrl(`live/${name}`));
      await until(`${name} is on air`, () => follower.playlist);
      const { frames, warnings } = await media.readPlaylist(follower.url);
      const silent = await server.silentPutIn(name);
      return { name, warnings, sent: await media.readFrames(file), heard: frames, silent };
    });
    for (const { name, warnings, sent, heard, silent } of results) {
      await t.step(name, () => {
        assertWhole(accessUnits(heard), accessUnits(sent), silent);
        assert.deepEqual(warnings.filter((line) => !SILENCE_IN_HE_AAC.test(line)), []);
      });
    }
  },
);
