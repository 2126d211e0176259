/**
 * Recordings of real broadcasts, in players, and after the server was killed (`SOAK_KILLS` times).
 */
import assert from "node:assert/strict";
import { ALL_FORMATS, FilePathSource, Input } from "mediabunny";
import { chromium } from "playwright-core";
import { accessUnits } from "../../testing/hls_validator/adts.ts";
import { Child } from "../../testing/child.ts";
import { CHROMIUM } from "../../testing/players/chromium.ts";
import { until } from "../../testing/until.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import {
  type Clip,
  decoderWarnings,
  Encoder,
  Media,
  sample,
} from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";

/** How often the server is killed; a soak test does it more often. */
const KILLS = Number(Deno.env.get("SOAK_KILLS") ?? 3);
const RECORDINGS = 10;
/** Waits 2 s before it puts silence in where audio is late, on a machine that is busy. */
const PATIENT = { HLS_TARGET_DURATION: "8" };
/** The open fragment, what was in flight, and what FFmpeg says it sent but had in its buffers. */
const LOST_SECONDS = 1.5;

const seconds = 6;
const CLIPS: Readonly<Record<string, Clip>> = {
  "lc-44100-mono": { sampleRate: 44_100, layout: "mono", seconds },
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

scenario("a recording holds every access unit that was sent, for every kind of AAC", async (t) => {
  await using media = await Media.create();
  const files = new Map<string, string>();
  for (const name of SAMPLES) files.set(name.replace(/\.\w+$/, ""), sample(name));
  await together(Object.entries(CLIPS), async ([name, clip]) => {
    files.set(name, await media.encode(name, clip));
  });
  await using server = await EchoServer.start({ env: PATIENT });
  await together(files, async ([name, file]) => {
    await using encoder = new Encoder(file, server.rtmpUrl(`live/${name}`));
    await encoder.end();
    await finished(server, name);
  });
  await t.step("Chromium plays all of them, from wherever it is told to", async () => {
    const places = Array.from({ length: 10 }, () => Math.random() * seconds * 0.8);
    const urls = [...files.keys()].map((name) =>
      `http://127.0.0.1:${server.statPort}/stat/1/recordings/${name}.mp4`
    );
    await assertPlayed(urls, places);
  });
  for (const [name, file] of files) {
    await t.step(name, async () => {
      const recording = `${archive(server)}/${name}.mp4`;
      const sent = await media.readFrames(file);
      assert.deepEqual(accessUnits(await media.readFrames(recording)), accessUnits(sent));
      assert.deepEqual(await decoderWarnings(recording), []);

      const duration = sent.length * 1024 / (sent[0]?.sampleRate ?? NaN);
      const probed = await output("ffprobe", [
        ...["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", recording],
      ]);
      assert.ok(Math.abs(Number(probed) - duration) < 1e-5, `${probed} s of ${duration} s`);
      const input = new Input({ source: new FilePathSource(recording), formats: ALL_FORMATS });
      assert.ok(Math.abs(await input.computeDuration() - duration) < 1e-6);
    });
  }
});

scenario("players read a recording while it grows, and any place of it in the end", async () => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 14, sampleRate: 48_000 });
  await using server = await EchoServer.start({ env: PATIENT });
  await using encoder = new Encoder(clip, server.rtmpUrl("live/demo"));
  const part = await until("some of it is on disk", async () => {
    const file = (await recordings(server)).find((file) => file.endsWith(".part"));
    if (file === undefined) return false;
    return (await media.readFrames(`${archive(server)}/${file}`)).length > 4 * 47 && file;
  });
  assert.deepEqual(await decoderWarnings(`${archive(server)}/${part}`), []);
  const url = `http://127.0.0.1:${server.statPort}/stat/1/recordings`;
  assert.equal((await list(url))[0]?.state, "live");
  await assertPlayed([`${url}/${part}`], [1]);

  await encoder.end();
  await finished(server, "demo");
  const recording = `${archive(server)}/demo.mp4`;
  const sent = await media.readFrames(clip);
  const { duration = NaN } = (await list(url))[0] ?? {};
  assert.ok(Math.abs(duration - sent.length * 1024 / 48_000) < 1e-6);
  const places = Array.from({ length: 10 }, () => Math.random() * duration * 0.9);
  await assertPlayed([`${url}/demo.mp4`], places);
  const packets = await packetHashes(recording, []);
  for (const place of places) {
    const found = await packetHashes(recording, ["-ss", `${place}`]);
    const first = packets.length - found.length;
    assert.ok(Math.abs(first - place * 48_000 / 1024) <= 1, `${place} s: ${first}`);
    assert.deepEqual(found, packets.slice(first), `at ${place} s`);
  }
});

scenario(
  "a server that is killed loses what was in flight, and finishes the rest when it is back",
  async () => {
    await using media = await Media.create();
    const clip = await media.encode("clip", { seconds: 60 });
    const sent = accessUnits(await media.readFrames(clip));
    await using server = await EchoServer.start({ env: PATIENT });
    let mostLost = 0;
    for (let kill = 1; kill <= KILLS; kill++) {
      const names = Array.from({ length: RECORDINGS }, (_, i) => `demo-${kill}-${i}`);
      await using encoders = new AsyncDisposableStack();
      const running = names.map((name) =>
        encoders.use(new Encoder(clip, server.rtmpUrl(`live/${name}`)))
      );
      await until("all are recorded", async () => {
        return (await recordings(server)).filter((file) => file.endsWith(".part")).length ===
          RECORDINGS;
      });
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 2500));
      const seconds = running.map((encoder) => encoder.sent);
      await server.stop("SIGKILL");

      const left = new Map<string, string[]>();
      for (const file of await recordings(server)) {
        if (!file.endsWith(".part")) continue;
        const units = accessUnits(await media.readFrames(`${archive(server)}/${file}`));
        const name = file.split(".")[0] ?? "";
        left.set(name, units);
        assert.deepEqual(units, sent.slice(0, units.length), name);
        const lost = (seconds[names.indexOf(name)] ?? 0) - units.length * 1024 / 44_100;
        mostLost = Math.max(mostLost, lost);
        assert.ok(lost <= LOST_SECONDS, `${name}: ${lost} s are lost`);
      }
      assert.equal(left.size, RECORDINGS);
      await server.startAgain();
      for (const [name, units] of left) {
        await finished(server, name);
        const recording = `${archive(server)}/${name}.mp4`;
        assert.deepEqual(accessUnits(await media.readFrames(recording)), units, name);
        assert.deepEqual(await topLevel(recording), ["ftyp", "mdat", "moov"]);
      }
    }
    console.log(`lost at most ${mostLost.toFixed(3)} s`);
  },
);

function archive(server: EchoServer): string {
  return `${server.folder}/output/record`;
}

async function recordings(server: EchoServer): Promise<string[]> {
  try {
    return await Array.fromAsync(Deno.readDir(archive(server)), ({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

async function finished(server: EchoServer, name: string): Promise<void> {
  await until(`${name} is finished`, async () => {
    const files = (await recordings(server)).filter((file) => file.startsWith(`${name}.`));
    return files.length > 0 && files.every((file) => file.endsWith(".mp4"));
  });
}

async function output(command: string, args: readonly string[]): Promise<string> {
  await using child = new Child(command, args);
  const { code } = await child.end();
  assert.equal(code, 0, child.output);
  return child.output;
}

async function packetHashes(path: string, options: readonly string[]): Promise<string[]> {
  const copy = ["-c", "copy", "-f", "framemd5", "pipe:1"];
  const text = await output("ffmpeg", ["-v", "error", "-nostdin", ...options, "-i", path, ...copy]);
  return text.split("\n").filter((line) => /^\d/.test(line)).map((line) =>
    line.split(/, */)[5] ?? ""
  );
}

/** Types of the boxes of a file. */
async function topLevel(path: string): Promise<string[]> {
  const bytes = await Deno.readFile(path);
  const view = new DataView(bytes.buffer);
  const types: string[] = [];
  for (let at = 0; at < bytes.length;) {
    types.push(new TextDecoder().decode(bytes.subarray(at + 4, at + 8)));
    const size = view.getUint32(at);
    at += size === 1 ? Number(view.getBigUint64(at + 8)) : size;
  }
  return types;
}

interface Listed {
  readonly state: string;
  readonly duration: number;
}

async function list(url: string): Promise<Listed[]> {
  const response = await fetch(url);
  assert.equal(response.status, 200);
  return await response.json();
}

/** Fails where Chromium does not play on at each of the places, in seconds, of each recording. */
async function assertPlayed(urls: readonly string[], places: readonly number[]): Promise<void> {
  const profile = await Deno.makeTempDir({ prefix: "echo-chromium-" });
  const context = await chromium.launchPersistentContext(profile, {
    ...CHROMIUM,
    headless: true,
    args: [...CHROMIUM.args, "--autoplay-policy=no-user-gesture-required"],
  });
  try {
    await together(urls, async (url) => {
      const page = await context.newPage();
      await page.setContent(`<audio src="${url}" preload="auto"></audio>`);
      const failed = await page.evaluate<string[]>(`(${PLAY})(${JSON.stringify(places)})`);
      assert.deepEqual(failed, [], url);
    });
  } finally {
    await context.close();
    await Deno.remove(profile, { recursive: true });
  }
}

/** In the page: tells of the places where it does not play. */
const PLAY = `async (places) => {
  const audio = document.querySelector("audio");
  const failed = [];
  for (const place of places) {
    audio.currentTime = place;
    await audio.play();
    const played = await new Promise((resolve) => {
      audio.onerror = () => resolve(false);
      audio.ontimeupdate = () => audio.currentTime > place + 0.2 && resolve(true);
    });
    if (!played) failed.push(place + " s: " + audio.error?.message);
    audio.pause();
  }
  return failed;
}`;
