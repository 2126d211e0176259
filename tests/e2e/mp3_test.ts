/** MP3 from end to end: what leaves by HLS and in the archive is what was sent, at every rate. */
import assert from "node:assert/strict";
import type { Mp3Encoding } from "../../testing/audio/mp3_streams.ts";
import { assertConnections } from "../../testing/e2e/audio_sent.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { decoderWarnings, Encoder, Media, packetsOf } from "../../testing/e2e/ffmpeg_encoder.ts";
import {
  type EncodedShow,
  encodeShow,
  MP3_SHOWS,
  mp3Shows,
  mp3ShowUrl,
} from "../../testing/e2e/mp3_shows.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";
import { askStat } from "../../testing/e2e/stat_request.ts";
import { PlaylistFollower } from "../../testing/hls_validator/follower.ts";
import { ERRORS_ALONE, md5, samplesOf, samplesUntilSame } from "../../testing/mp4/readers.ts";
import { Browser } from "../../testing/players/browser.ts";
import { aheadAt } from "../../testing/players/stream_time.ts";
import { until } from "../../testing/until.ts";

const SECONDS = 60;
/** How much of each show is compared. */
const SEGMENTS = 8;

/** Puts no silence in where this machine is busy. */
const PATIENT = { HLS_TARGET_DURATION: "8" };

/** `deno task test:mp3` has all encodings. */
const IS_MEASURED = Number(Deno.env.get("MP3_MINUTES") ?? 0) > 0;
const SOUGHT_IN = IS_MEASURED ? MP3_SHOWS : mp3Shows("44100-joint-vbr", "24000-mono-cbr");
/** What two cores play without haste. */
const SOUGHT_IN_AT_A_TIME = 4;
/** In seconds, in the order in which players go there. */
const PLACES = [0, 7.3, 2.6, 8.1, 5];
/** Seconds, with what is listened to at the last of the places. */
const ENOUGH_RECORDED = 11;
/** Those behind a place lack bits, which are up to 511 bytes before (ISO/IEC 11172-3 2.4.3.1). */
const MAX_FRAMES_LACKING = 10;

type Show = Mp3Encoding & { readonly by: "rtmp" | "srt" };

/** FFmpeg writes MP3 of 24 and 32 kHz into MPEG-TS alone. */
const SHOWS: Readonly<Record<string, Show>> = {
  "rtmp-44100-joint-cbr": { by: "rtmp", rate: 44_100, mode: "joint", bitrate: "128k" },
  "rtmp-44100-stereo-vbr": { by: "rtmp", rate: 44_100, mode: "stereo", bitrate: "v2" },
  "rtmp-48000-mono-cbr": { by: "rtmp", rate: 48_000, mode: "mono", bitrate: "64k" },
  "rtmp-22050-joint-vbr": { by: "rtmp", rate: 22_050, mode: "joint", bitrate: "v5" },
  "srt-48000-joint-vbr": { by: "srt", rate: 48_000, mode: "joint", bitrate: "v0" },
  "srt-32000-joint-cbr": { by: "srt", rate: 32_000, mode: "joint", bitrate: "96k" },
  "srt-24000-mono-vbr": { by: "srt", rate: 24_000, mode: "mono", bitrate: "v4" },
  "srt-24000-joint-cbr": { by: "srt", rate: 24_000, mode: "joint", bitrate: "64k" },
  "srt-22050-mono-cbr": { by: "srt", rate: 22_050, mode: "mono", bitrate: "32k" },
};

/** Two tones that rise, so that no two frames are alike and joint stereo has both ways to code. */
function tones(rate: number): string[] {
  const [left, right] = [900, 1300].map((hz) => `0.2*sin(${hz}*t*(1+t/20))`);
  return ["-f", "lavfi", "-i", `aevalsrc=${left}|${right}:c=stereo:s=${rate}:d=${SECONDS}`];
}

scenario("every MP3 frame comes out as it went in, by HLS and in the archive", async (t) => {
  await using media = await Media.create();
  await using server = await EchoServer.start();
  const origin = `http://127.0.0.1:${server.hlsPort}`;
  const results = await together(Object.entries(SHOWS), async ([name, show]) => {
    const file = await media.encodeMp3(name, tones(show.rate ?? 0), show);
    const sent = await packetsOf(file);
    await using follower = new PlaylistFollower(server.playlistUrl(name));
    await using _encoder = new Encoder(file, mp3ShowUrl(server, name, show));
    await until(`${name} is heard`, () => follower.segments.size >= SEGMENTS);
    for (const other of ["low.m3u8", "low-media.m3u8", "show.m3u8"]) {
      const response = await fetch(`${origin}/cast/${name}/${other}`);
      await response.body?.cancel();
      assert.equal(response.status, 404, other);
    }
    const master = await (await fetch(`${origin}/cast/${name}/index.m3u8`)).text();
    assert.match(master, /CODECS="mp4a\.40\.34"\nplaylist\.m3u8\n$/);
    return { name, sent, heard: follower.accessUnits.map(md5) };
  });
  await server.stop("SIGTERM");
  for (const { name, sent, heard } of results) {
    await t.step(name, async () => {
      const live = assertConnections(heard, [sent], `${name} by HLS`);
      const recording = `${server.folder}/output/record/${name}.mp4`;
      const recorded = assertConnections(await packetsOf(recording), [sent], `${name} in MP4`);
      console.log(`${name}: ${live.counts} frames heard, ${recorded.counts} recorded`);
      assert.ok((live.counts[0] ?? 0) > 0 && (recorded.counts[0] ?? 0) >= (live.counts[0] ?? 0));
      if (recorded.silent === 0) assert.deepEqual(await decoderWarnings(recording), []);
    });
  }
});

scenario(
  "Chromium and FFmpeg open the MP4 of an MP3 show, and seek in it to the sample",
  async () => {
    await using media = await Media.create();
    const encoded = await together(SOUGHT_IN, (show) => encodeShow(media, show, 30));
    await using browser = await Browser.start();
    await using server = await EchoServer.start({ env: PATIENT });
    {
      await using encoders = new AsyncDisposableStack();
      for (const { name, show, file } of encoded) {
        encoders.use(new Encoder(file, mp3ShowUrl(server, name, show)));
      }
      await until("enough is recorded", async () => {
        const [, list] = await askStat(server, "/stat/1/recordings");
        const long = Object.values(list as Recorded[]).filter(({ duration }) =>
          (duration ?? 0) > ENOUGH_RECORDED
        );
        return encoded.every(({ name }) => long.some((one) => one.name === name));
      });
    }
    await server.stop("SIGTERM");
    const left = [...encoded];
    while (left.length > 0) {
      await together(left.splice(0, SOUGHT_IN_AT_A_TIME), async (show) => {
        const mp4 = `${server.folder}/output/record/${show.name}.mp4`;
        const ahead = await aheadInChromium(browser, mp4);
        const frames = await framesUntilSame(mp4, show);
        const aheadMs = ahead.map((s) => Math.round(1000 * s)).join(", ");
        console.log(
          `${show.name}: in Chromium ahead ${aheadMs} ms; ` +
            `in FFmpeg the same after ${frames.join(", ")} frames`,
        );
        // An encoder puts less than 0.1 s before its input.
        for (const s of ahead) {
          assert.ok(s > -0.1 && s < 0.02 && Math.abs(s - (ahead[0] ?? 0)) < 0.02, show.name);
        }
        assert.ok(Math.max(...frames) <= MAX_FRAMES_LACKING, show.name);
      });
    }
  },
);

/** How far ahead of its clock Chromium plays a file, after it went to each of {@link PLACES}. */
async function aheadInChromium(browser: Browser, mp4: string): Promise<number[]> {
  const player = await browser.playFile(await Deno.readFile(mp4), "audio/mp4");
  await player.played(0.5);
  await player.listen();
  const ahead: number[] = [];
  for (const at of PLACES) ahead.push(await aheadAt(player, at));
  return ahead;
}

/**
 * Makes sure that FFmpeg decodes what was sent of a file, from its beginning and after it went to each
 * of {@link PLACES}.
 * @returns after how many frames it does so, at each place
 */
async function framesUntilSame(mp4: string, { name, show, file }: EncodedShow): Promise<number[]> {
  const sent = await samplesOf(file, ERRORS_ALONE);
  const whole = await samplesOf(mp4, ERRORS_ALONE);
  assert.equal(whole.findIndex((sample, i) => sample !== sent[i]), -1, `${name} is what was sent`);
  const { rate, mode } = show;
  const frames: number[] = [];
  for (const at of PLACES) {
    const place = { at, rate, channels: mode === "mono" ? 1 : 2 };
    const samples = await samplesUntilSame(mp4, whole, place, ERRORS_ALONE);
    frames.push(Math.ceil(samples / (rate < 32_000 ? 576 : 1152)));
  }
  return frames;
}

/** A recording as the list tells of it. */
interface Recorded {
  readonly name: string;
  readonly duration: number | null;
}
