/** MP3 from end to end: what leaves by HLS and in the archive is what was sent, at every rate. */
import assert from "node:assert/strict";
import type { Mp3Encoding } from "../../testing/audio/mp3_streams.ts";
import { assertConnections } from "../../testing/e2e/audio_sent.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { decoderWarnings, Encoder, Media, packetsOf } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";
import { sharedUrl } from "../../testing/e2e/srt_senders.ts";
import { askStat } from "../../testing/e2e/stat_request.ts";
import { PlaylistFollower } from "../../testing/hls_validator/follower.ts";
import { md5 } from "../../testing/mp4/readers.ts";
import { Browser } from "../../testing/players/browser.ts";
import { aheadAt, sweep } from "../../testing/players/stream_time.ts";
import { until } from "../../testing/until.ts";

const SECONDS = 60;
/** How much of each show is compared. */
const SEGMENTS = 8;

/** Puts no silence in where this machine is busy. */
const PATIENT = { HLS_TARGET_DURATION: "8" };

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

function urlOf(server: EchoServer, name: string, { by }: Show): string {
  return by === "rtmp" ? server.rtmpUrl(`live/${name}`) : sharedUrl(server, name);
}

scenario("every MP3 frame comes out as it went in, by HLS and in the archive", async (t) => {
  await using media = await Media.create();
  await using server = await EchoServer.start();
  const origin = `http://127.0.0.1:${server.hlsPort}`;
  const results = await together(Object.entries(SHOWS), async ([name, show]) => {
    const file = await media.encodeMp3(name, tones(show.rate ?? 0), show);
    const sent = await packetsOf(file);
    await using follower = new PlaylistFollower(server.playlistUrl(name));
    await using _encoder = new Encoder(file, urlOf(server, name, show));
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
  async (t) => {
    await using media = await Media.create();
    await using browser = await Browser.start();
    await using server = await EchoServer.start({ env: PATIENT });
    const encodings: Show[] = [
      { by: "rtmp", rate: 44_100, bitrate: "v4" },
      { by: "srt", rate: 24_000, bitrate: "64k" },
    ];
    const names = await together(encodings, async (show) => {
      const name = `seek-${show.rate}`;
      const input = sweep({ rate: show.rate ?? 0, seconds: 60 });
      const file = await media.encodeMp3(name, input, show);
      await using _encoder = new Encoder(file, urlOf(server, name, show));
      await until(`enough of ${name} is recorded`, async () => {
        const [, list] = await askStat(server, "/stat/1/recordings");
        const durations = new Map(
          Object.values(list as Recorded[]).map((one) => [one.name, one.duration]),
        );
        return (durations.get(name) ?? 0) > 14;
      });
      return name;
    });
    await server.stop("SIGTERM");
    for (const name of names) {
      await t.step(name, async () => {
        const mp4 = await Deno.readFile(`${server.folder}/output/record/${name}.mp4`);
        const player = await browser.playFile(mp4, "audio/mp4");
        await player.played(0.5);
        await player.listen();
        const ahead: number[] = [];
        for (const at of [0, 9.3, 2.6, 11.1, 6]) ahead.push(await aheadAt(player, at));
        console.log(`${name}: ahead ${ahead.map((s) => Math.round(1000 * s)).join(", ")} ms`);
        // An encoder puts less than 0.1 s before its input.
        for (const s of ahead) {
          assert.ok(s > -0.1 && s < 0.02 && Math.abs(s - (ahead[0] ?? 0)) < 0.02);
        }
      });
    }
  },
);

/** A recording as the list tells of it. */
interface Recorded {
  readonly name: string;
  readonly duration: number | null;
}
