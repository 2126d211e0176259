/** Shows that are rewound while they are on air, in players and over restarts; and clips. */
import assert from "node:assert/strict";
import { Child } from "../../testing/child.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media, sample } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";
import {
  type AdtsFrame,
  parseAdts,
  withoutProgramConfig,
} from "../../testing/hls_validator/adts.ts";
import { Browser, PLAYER_KINDS } from "../../testing/players/browser.ts";
import { urisOf } from "../../testing/record/rewound.ts";
import { until } from "../../testing/until.ts";

/** Puts no silence in where this machine is busy. */
const PATIENT = { HLS_TARGET_DURATION: "8" };

for (const threads of ["1", "0"]) {
  scenario(
    `players hear a show from its start while it is on air, with ${threads} threads`,
    async (t) => {
      await using media = await Media.create();
      const clip = await media.encode("clip", { seconds: 75, sampleRate: 48_000 });
      await using server = await EchoServer.start({
        env: { ...PATIENT, HLS_REWIND: "all", HLS_WEB_THREADS: threads },
      });
      await using encoder = new Encoder(clip, server.rtmpUrl("live/demo"));
      const url = showUrl(server);
      await listing(url, 5);
      await t.step("hls.js and Chromium by itself play it without a pause", async () => {
        await using browser = await Browser.start();
        await together(PLAYER_KINDS, async (kind) => {
          const player = await browser.play(url, kind);
          const begun = await player.played(1);
          assert.ok(begun.position < 3, `${kind} began at ${begun.position} s`);
          await player.mark();
          const { longestStallMs, skipped, warnings } = await player.played(15);
          assert.ok(
            longestStallMs < 500 && skipped < 0.5,
            `${kind}: ${longestStallMs}, ${skipped}`,
          );
          assert.deepEqual(warnings, [], kind);
        });
        await until("each of them is a listener", async () => {
          const status = await fetch(new URL("status.json", url));
          return (await status.json()).listeners === PLAYER_KINDS.length;
        });
        assert.ok(encoder.sent < 70, "the show is still on air");
      });
      const reading = readShow(url, server.folder);
      await encoder.end();
      const { frames, warnings } = await reading;
      assert.deepEqual(warnings, []);
      assert.deepEqual(accessUnits(frames), accessUnits(await media.readFrames(clip)));
    },
  );
}

scenario(
  "a show is what it was after the server was killed, and goes on when the DJ is back",
  async () => {
    await using media = await Media.create();
    const clip = await media.encode("clip", { seconds: 30, sampleRate: 48_000 });
    await using server = await EchoServer.start({ env: { ...PATIENT, HLS_REWIND: "all" } });
    const url = showUrl(server);
    await using _first = new Encoder(clip, server.rtmpUrl("live/demo"));
    const before = await listing(url, 2);
    const bytes = await together(urisOf(before), (uri) => bytesOf(url, uri));
    await server.stop("SIGKILL");
    await server.startAgain();
    await using second = new Encoder(clip, server.rtmpUrl("live/demo"));
    const after = await until("the show goes on", async () => {
      const text = await playlist(url);
      return text !== undefined && text.includes("#EXT-X-DISCONTINUITY\n") && text;
    });
    assert.ok(after.startsWith(before.replace("#EXT-X-ENDLIST\n", "")), `${before}\n${after}`);
    assert.deepEqual(await together(urisOf(before), (uri) => bytesOf(url, uri)), bytes);
    const reading = readShow(url, server.folder);
    await second.end();
    const { frames, warnings } = await reading;
    assert.deepEqual(warnings, []);
    const [sent, heard] = [accessUnits(await media.readFrames(clip)), accessUnits(frames)];
    assert.deepEqual(heard.slice(-sent.length), sent, "all of the second part");
    const first = heard.length - sent.length;
    assert.deepEqual(heard.slice(0, first), sent.slice(0, first), "the first until it was killed");
  },
);

scenario("the silence of a DJ who is away is in the show while he is", async () => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 20, sampleRate: 48_000 });
  await using server = await EchoServer.start({ env: { HLS_REWIND: "all" } });
  const url = showUrl(server);
  await using first = new Encoder(clip, server.rtmpUrl("live/demo"));
  const before = urisOf(await listing(url, 1)).length;
  await first.stop("SIGKILL");
  await listing(url, before + 3);
  await using second = new Encoder(clip, server.rtmpUrl("live/demo"));
  await until("the DJ is back", () => second.sent > 1);
  const reading = readShow(url, server.folder);
  await second.end();
  const { frames, warnings } = await reading;
  assert.deepEqual(warnings, []);
  const sent = accessUnits(await media.readFrames(clip));
  const heard = accessUnits(frames);
  assert.deepEqual(heard.slice(-sent.length), sent);
  const silent = heard.length - sent.length - heard.findLastIndex((unit, i) => unit === sent[i]) -
    1;
  assert.ok(silent > 12 * 47, `${silent} frames of silence`);
});

scenario(
  "a clip of a running and of a finished show has exactly the frames between, and decodes",
  async () => {
    await using media = await Media.create();
    const files = {
      lc: await media.encode("lc", { seconds: 26, sampleRate: 48_000 }),
      surround: await media.encode("surround", { seconds: 26, layout: "5.1", bitrate: "256k" }),
      he: sample("he-aac-v1_44100_stereo_64k.aac"),
      hev2: sample("he-aac-v2_44100_stereo_32k.aac"),
    };
    await using server = await EchoServer.start({ env: PATIENT });
    const url = `http://127.0.0.1:${server.statPort}/stat/1/recordings`;
    await together(Object.entries(files), async ([name, file]) => {
      await using encoder = new Encoder(file, server.rtmpUrl(`live/${name}`));
      const sent = await media.readFrames(file);
      const seconds = (sent.length * 1024) / (sent[0]?.sampleRate ?? NaN);
      const times = seconds > 22 ? { from: 10.5, to: 20 } : { from: 0.7, to: seconds * 0.6 };
      const live = await until(`enough of ${name} is recorded`, async () => {
        const list = await (await fetch(url)).json() as Recorded[];
        return list.find((one) => {
          return one.name === name && one.state === "live" && (one.duration ?? 0) > times.to + 0.1;
        });
      });
      await assertClip(`${url}/${live.file}`, sent, times);
      await encoder.end();
      await until(`${name} is finished`, async () => {
        const response = await fetch(`${url}/${name}.mp4`, { method: "HEAD" });
        return response.status === 200;
      });
      await assertClip(`${url}/${name}.mp4`, sent, times);
    });

    async function assertClip(
      recording: string,
      sent: readonly AdtsFrame[],
      { from, to }: { readonly from: number; readonly to: number },
    ): Promise<void> {
      const response = await fetch(`${recording}/clip.mp4?from=${from}&to=${to}`);
      assert.equal(response.status, 200, recording);
      const clip = await Deno.makeTempFile({ dir: server.folder, suffix: ".mp4" });
      await Deno.writeFile(clip, await response.bytes());
      const rate = sent[0]?.sampleRate ?? NaN;
      const expected = sent.filter((_, i) => i * 1024 / rate >= from && i * 1024 / rate < to);
      assert.deepEqual(accessUnits(await media.readFrames(clip)), accessUnits(expected), clip);
      assert.deepEqual(await warningsOf(clip), [], clip);
    }
  },
);

/** FFmpeg reads the init section again with each version of a playlist, and says so. */
const REREAD = /Found duplicated MOOV Atom|^ *Last message repeated/;

/** A recording as the list tells of it. */
interface Recorded {
  readonly file: string;
  readonly name: string;
  readonly state: string;
  readonly duration: number | null;
}

function showUrl(server: EchoServer): string {
  return server.playlistUrl("demo").replace("playlist.m3u8", "show.m3u8");
}

async function playlist(url: string): Promise<string | undefined> {
  const response = await fetch(url);
  const text = await response.text();
  return response.status === 200 ? text : undefined;
}

/** The playlist once it lists so many segments. */
async function listing(url: string, count: number): Promise<string> {
  return await until(`${count} segments of the show are listed`, async () => {
    const text = await playlist(url);
    return text !== undefined && urisOf(text).length >= count && text;
  });
}

async function bytesOf(url: string, uri: string): Promise<string> {
  const response = await fetch(new URL(uri, url));
  assert.equal(response.status, 200, uri);
  return (await response.bytes()).toHex();
}

/**
 * Reads a show from its first segment to its end as a player does.
 * @returns its access units, and all that FFmpeg had to say while it decoded them
 */
async function readShow(
  url: string,
  folder: string,
): Promise<{ frames: AdtsFrame[]; warnings: string[] }> {
  const copy = `${folder}/${crypto.randomUUID()}.aac`;
  await using reader = new Child("ffmpeg", [
    ...["-hide_banner", "-nostdin", "-v", "warning", "-live_start_index", "0", "-i", url],
    ...["-map", "0:a", "-c", "copy", "-f", "adts", copy, "-map", "0:a", "-f", "null", "-"],
  ]);
  const { code } = await reader.end();
  assert.equal(code, 0, reader.output);
  const warnings = reader.lines.filter((line) => !REREAD.test(line));
  return { frames: parseAdts(await Deno.readFile(copy)), warnings };
}

/** In hexadecimal, without what says the configuration. */
function accessUnits(frames: readonly AdtsFrame[]): string[] {
  return frames.map(({ data }) => withoutProgramConfig(data).toHex());
}

/** All that FFmpeg has to say about a file when it decodes it. */
async function warningsOf(url: string): Promise<string[]> {
  await using child = new Child("ffmpeg", [
    ...["-hide_banner", "-nostdin", "-v", "warning", "-i", url, "-f", "null", "-"],
  ]);
  await child.end();
  return child.lines.filter((line) => !line.startsWith("Guessed Channel Layout"));
}
