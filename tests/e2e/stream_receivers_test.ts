/**
 * Receivers of an endless stream stay connected, whatever becomes of the encoder. With
 * `RECEIVER_KILLS` it is killed so often, and what else is installed receives too.
 */
import assert from "node:assert/strict";
import { codecOf } from "../../src/audio/codec_of.ts";
import { run } from "../../testing/audio/ffmpeg.ts";
import { mp3Frames } from "../../testing/audio/mp3_streams.ts";
import { decodeWithMpg123 } from "../../testing/audio/mpg123.ts";
import { mp3valWarnings } from "../../testing/audio/mp3val.ts";
import { concat } from "../../testing/bytes.ts";
import { assertConnections, partsOf, toHex } from "../../testing/e2e/audio_sent.ts";
import { ask, reason, reserve } from "../../testing/e2e/control_request.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario, together, withAnyThreads } from "../../testing/e2e/scenario.ts";
import { metricsOf } from "../../testing/e2e/stat_request.ts";
import { startPrograms } from "../../testing/e2e/stream_programs.ts";
import {
  AudioElement,
  Curl,
  FfmpegReceiver,
  IcyReader,
  untilMore,
} from "../../testing/e2e/stream_receivers.ts";
import { parseAdts } from "../../testing/hls_validator/adts.ts";
import { parseMpegAudio } from "../../testing/hls_validator/mpeg_audio.ts";
import { until } from "../../testing/until.ts";

const KILLS = Number(Deno.env.get("RECEIVER_KILLS") ?? 2);
const HAS_PROGRAMS = Deno.env.has("RECEIVER_KILLS");
const CODECS: readonly ("aac" | "mp3")[] = HAS_PROGRAMS ? ["aac", "mp3"] : ["aac"];
/** Longer than any connection of an encoder lasts. */
const CLIP_SECONDS = 120;

for (const codec of CODECS) {
  scenario(
    `receivers of ${codec} stay through kills of the encoder, a take-over and a fallback`,
    async () => {
      await using media = await Media.create();
      const clips = await encode(media, codec);
      const fallbacks = await media.folder("fallbacks");
      await using server = await EchoServer.start({ env: { FALLBACK_DIR: fallbacks } });
      const control = `127.0.0.1:${server.controlPort}`;
      const url = server.playlistUrl("demo").replace("playlist.m3u8", `stream.${codec}`);
      const grant = await reserve(control, "demo", { protocol: "rtmp" });
      const publish = (clip: string) => new Encoder(clip, server.rtmpUrl(`demo/${grant.key}`));
      let encoder = publish(clips.first);
      try {
        await until("it can be heard", async () => (await fetch(url, { method: "HEAD" })).ok);
        await until("something was sent", () => encoder.sent > 6);
        await using stack = new AsyncDisposableStack();
        const { curl, icy, captured, receivers } = await receive(url, { codec, media, stack });
        await until("they are counted", async () => {
          return (await metricsOf(server)).includes(
            `\necho_stream_listeners ${receivers.length}\n`,
          );
        });
        for (const title of ["First", "Zweites 'Stück' 🎵"]) {
          const body = { title, artist: "Ella" };
          await ask(control, { method: "PUT", path: "metadata", body, headers: grant.cookie });
          await until(`${title} is heard`, () => icy.titles.at(-1) === `Ella - ${title}`);
        }
        for (let kills = 0; kills < KILLS; kills++) {
          await encoder.stop("SIGKILL");
          await until("the DJ is away", async () => await stateOf(server) === "reconnecting");
          await together(receivers, untilMore);
          encoder = publish(clips.later);
          await until("it sends again", () => encoder.sent > 1);
          await together(receivers, untilMore);
        }
        const other = publish(clips.later);
        await until("it has taken over", () => other.sent > 2);
        await encoder.stop("SIGKILL");
        encoder = other;
        await together(receivers, untilMore);

        await Deno.copyFile(clips.fallback, `${fallbacks}/demo.${codec}`);
        server.kill("SIGHUP");
        await server.line(/the configuration is reread/);
        // It is still connected, as where a network breaks without a word.
        encoder.kill("SIGSTOP");
        await server.line(/fallback is heard/);
        assert.equal(pauses(server), KILLS);
        await encoder.stop("SIGKILL");
        await until("the DJ is away", () => pauses(server) > KILLS);
        assert.equal(await stateOf(server), "on-air", "the page says that it goes on");
        await together(receivers, untilMore);
        encoder = publish(clips.later);
        await server.line(/heard again instead of its fallback/);
        await together(receivers, untilMore);

        for (const receiver of receivers) await receiver.check();
        assert.deepEqual(icy.titles, ["", "Ella - First", "Ella - Zweites 'Stück' 🎵"]);
        const teardown = { method: "PUT", path: "teardown", headers: grant.cookie };
        await ask(control, { ...teardown, body: reason(0, "") });
        assertHeard(unitsOf(codec, await curl.bytes()), codec, {
          first: unitsOf(codec, await Deno.readFile(clips.first)),
          later: unitsOf(codec, await Deno.readFile(clips.later)),
          fallback: unitsOf(codec, await Deno.readFile(clips.fallback)),
        });
        await assertDecodes(captured, codec, clips.first);
      } finally {
        await encoder[Symbol.asyncDispose]();
      }
    },
  );
}

withAnyThreads("what receivers get is what the encoder has sent", async (env) => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 8 });
  await using server = await EchoServer.start({ env });
  await using encoder = new Encoder(clip, server.rtmpUrl("live/demo"));
  const url = server.playlistUrl("demo").replace("playlist.m3u8", "stream.aac");
  await until("it can be heard", async () => (await fetch(url, { method: "HEAD" })).ok);
  await using one = new Curl(url, await media.write("one.aac", ""));
  await using two = new Curl(url, await media.write("two.aac", ""), "--http1.0");
  await untilMore(one);
  await encoder.end();
  const sent = toHex((await media.readFrames(clip)).map(({ data }) => data));
  for (const receiver of [one, two]) {
    const heard = toHex((await receiver.frames()).map(({ data }) => data));
    const first = sent.indexOf(heard[0] ?? "");
    assertConnections(heard, [sent.slice(first)], receiver.what);
    assert.ok(heard.includes(sent.at(-1) ?? ""));
  }
});

/** Receivers of a stream: those of the gate, and all programs that are installed. */
async function receive(
  url: string,
  { codec, media, stack }: {
    readonly codec: "aac" | "mp3";
    readonly media: Media;
    readonly stack: AsyncDisposableStack;
  },
) {
  const captured = await media.write("captured", "");
  const curl = stack.use(new Curl(url, captured));
  const icy = stack.use(new IcyReader(url));
  const others = [
    new FfmpegReceiver(url),
    await AudioElement.play(url),
    ...HAS_PROGRAMS ? await startPrograms(url, codec, await media.folder("ripped")) : [],
  ];
  const receivers = [curl, icy, ...others.map((receiver) => stack.use(receiver))];
  await together(receivers, untilMore);
  return { curl, icy, captured, receivers };
}

/** What is sent: by the first connection, by all others, and instead of a DJ. */
type Clips = Readonly<Record<"first" | "later" | "fallback", string>>;

/**
 * A tone that sweeps, so that no two frames are alike; in MP3 with noise, for which frames take all the
 * bits that they can from earlier ones. Encoders that connect again begin in the middle, as those do
 * that have gone on meanwhile.
 */
async function encode(media: Media, codec: "aac" | "mp3"): Promise<Clips> {
  const encodeOne = (name: string, seconds: number, bitrate: string) => {
    if (codec === "aac") return media.encode(name, { seconds, bitrate });
    const source = `aevalsrc=0.2*sin(900*t*(1+t/40))+0.1*(random(0)-0.5):s=44100:d=${seconds}`;
    return media.encodeMp3(name, ["-f", "lavfi", "-i", source], { bitrate });
  };
  const first = await encodeOne("clip", CLIP_SECONDS, "128k");
  const later = await media.cut(first, 10);
  return { first, later, fallback: await encodeOne("fallback", 7, "96k") };
}

/** Access units of a stream of frames alone, in hexadecimal. */
function unitsOf(codec: "aac" | "mp3", bytes: Uint8Array): string[] {
  const frames = codec === "aac" ? parseAdts(bytes) : parseMpegAudio(bytes);
  return toHex(frames.map(({ data }) => data));
}

/** All of each connection was heard until it broke, and of the fallback, and nothing else but silence. */
function assertHeard(
  heard: readonly string[],
  codec: "aac" | "mp3",
  { first, later, fallback }: Readonly<Record<keyof Clips, readonly string[]>>,
): void {
  // Of MP3 a connection's first frame would be noise right behind another's.
  const options = { firstMuted: codec === "mp3" };
  const known = { sent: [...first, ...later], looped: fallback };
  const [before, looped, after] = partsOf(heard, known);
  const began = first.indexOf(heard[0] ?? "");
  assert.notEqual(began, -1);
  const sent = [first.slice(began), ...Array.from({ length: KILLS + 1 }, () => later)];
  assertConnections(before, sent, "curl", options);
  assert.ok(looped.length > fallback.length / 3, `${looped.length} frames of the fallback`);
  assert.deepEqual(looped, looped.map((_, i) => fallback[i % fallback.length]));
  const back = later.findIndex((unit) => after.slice(0, 2).includes(unit));
  assert.notEqual(back, -1);
  assertConnections(after, [later.slice(back)], "curl");
}

/** Decoders have nothing to say about what was captured, and nothing in it is louder than was sent. */
async function assertDecodes(captured: string, codec: "aac" | "mp3", clip: string): Promise<void> {
  const stream = await Deno.readFile(captured);
  // It fails where FFmpeg warns.
  await run("ffmpeg", ["-f", codec, "-i", "pipe:0", "-f", "null", "-"], stream);
  if (codec === "aac") return;
  // A receiver comes in the middle: its first frames need bits that it has not got.
  const { config } = mp3Frames(stream);
  const silence = Array.from({ length: 10 }, () => codecOf(config).silentFrame(config));
  const heard = await decodeWithMpg123(concat([...silence, stream]));
  assert.deepEqual(heard.complaints, []);
  const sent = await decodeWithMpg123(await Deno.readFile(clip));
  const [loudest = Infinity, loud = 0] = [heard, sent].map(({ samples }) => {
    return samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  });
  assert.ok(loudest <= 1.3 * loud, `${loudest} is louder than ${loud}`);
  const warnings = await mp3valWarnings(captured);
  if (warnings === undefined) console.log("mp3val is not installed");
  assert.deepEqual(warnings ?? [], []);
}

/** How often the DJ was gone. */
function pauses(server: EchoServer): number {
  return server.log.filter((line) => / demo#\d+ paused/.test(line)).length;
}

async function stateOf(server: EchoServer): Promise<string> {
  const url = server.playlistUrl("demo").replace("playlist.m3u8", "status.json");
  return (await (await fetch(url)).json()).state;
}
