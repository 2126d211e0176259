/**
 * Receivers of an endless stream stay connected, whatever becomes of the encoder. With
 * `RECEIVER_KILLS` it is killed so often, and what else is installed receives too.
 */
import assert from "node:assert/strict";
import { run } from "../../testing/audio/ffmpeg.ts";
import { assertConnections, toHex } from "../../testing/e2e/audio_sent.ts";
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
import { until } from "../../testing/until.ts";

const KILLS = Number(Deno.env.get("RECEIVER_KILLS") ?? 2);
const HAS_PROGRAMS = Deno.env.has("RECEIVER_KILLS");
const CODECS: readonly ("aac" | "mp3")[] = HAS_PROGRAMS ? ["aac", "mp3"] : ["aac"];
/** Longer than any connection of an encoder lasts. */
const CLIP_SECONDS = 120;

for (const codec of CODECS) {
  scenario(`receivers of ${codec} stay through kills of the encoder and a take-over`, async () => {
    await using media = await Media.create();
    const clip = await encode(media, codec);
    await using server = await EchoServer.start();
    const control = `127.0.0.1:${server.controlPort}`;
    const url = server.playlistUrl("demo").replace("playlist.m3u8", `stream.${codec}`);
    const grant = await reserve(control, "demo", { protocol: "rtmp" });
    const publish = () => new Encoder(clip, server.rtmpUrl(`demo/${grant.key}`));
    let encoder = publish();
    try {
      await until("it can be heard", async () => (await fetch(url, { method: "HEAD" })).ok);
      await until("something was sent", () => encoder.sent > 6);
      await using stack = new AsyncDisposableStack();
      const { curl, icy, captured, receivers } = await receive(url, { codec, media, stack });
      await until("they are counted", async () => {
        return (await metricsOf(server)).includes(`\necho_stream_listeners ${receivers.length}\n`);
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
        encoder = publish();
        await until("it sends again", () => encoder.sent > 1);
        await together(receivers, untilMore);
      }
      const other = publish();
      await until("it has taken over", () => other.sent > 2);
      await encoder.stop("SIGKILL");
      encoder = other;
      await together(receivers, untilMore);
      for (const receiver of receivers) await receiver.check();
      assert.deepEqual(icy.titles, ["", "Ella - First", "Ella - Zweites 'Stück' 🎵"]);
      const teardown = { method: "PUT", path: "teardown", headers: grant.cookie };
      await ask(control, { ...teardown, body: reason(0, "") });
      if (codec === "aac") {
        const sent = toHex((await media.readFrames(clip)).map(({ data }) => data));
        const heard = toHex((await curl.frames()).map(({ data }) => data));
        const first = sent.indexOf(heard[0] ?? "");
        assert.notEqual(first, -1);
        const again = Array.from({ length: KILLS + 1 }, () => sent);
        const { counts } = assertConnections(heard, [sent.slice(first), ...again], "curl");
        assert.equal(counts.length, KILLS + 2);
        // It fails where FFmpeg warns.
        const decoding = ["-f", "aac", "-i", "pipe:0", "-f", "null", "-"];
        await run("ffmpeg", decoding, await Deno.readFile(captured));
      }
    } finally {
      await encoder[Symbol.asyncDispose]();
    }
  });
}

scenario("receivers stay through a fallback, and hear it", async () => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 120 });
  const fallback = await media.encode("fallback", { seconds: 7, bitrate: "96k" });
  await using server = await EchoServer.start({ env: { FALLBACK_FILE: fallback } });
  const url = server.playlistUrl("demo").replace("playlist.m3u8", "stream.aac");
  await using encoder = new Encoder(clip, server.rtmpUrl("live/demo"));
  await until("something was sent", () => encoder.sent > 6);
  await using stack = new AsyncDisposableStack();
  const { curl, receivers } = await receive(url, { codec: "aac", media, stack });
  // It is still connected, as where a network breaks without a word.
  encoder.kill("SIGSTOP");
  await server.line(/fallback is heard/);
  assert.ok(!server.log.some((line) => / paused/.test(line)));
  await encoder.stop("SIGKILL");
  await server.line(/ demo#\d+ paused/);
  assert.equal(await stateOf(server), "on-air", "the page says that it goes on");
  await together(receivers, untilMore);
  await using returned = new Encoder(clip, server.rtmpUrl("live/demo"));
  await server.line(/heard again instead of its fallback/);
  await together(receivers, untilMore);
  for (const receiver of receivers) await receiver.check();
  await returned.stop("SIGINT");
  const heard = new Set(toHex((await curl.frames()).map(({ data }) => data)));
  const frames = toHex((await media.readFrames(fallback)).map(({ data }) => data));
  const count = frames.filter((frame) => heard.has(frame)).length;
  assert.ok(count > frames.length / 3, `${count} of ${frames.length} frames are heard`);
});

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

/** A tone that sweeps, so that no two frames are alike. */
function encode(media: Media, codec: "aac" | "mp3"): Promise<string> {
  if (codec === "aac") return media.encode("clip", { seconds: CLIP_SECONDS });
  const tone = `aevalsrc=0.2*sin(900*t*(1+t/40)):d=${CLIP_SECONDS}:s=44100`;
  return media.encodeMp3("clip", ["-f", "lavfi", "-i", tone], {});
}

async function stateOf(server: EchoServer): Promise<string> {
  const url = server.playlistUrl("demo").replace("playlist.m3u8", "status.json");
  return (await (await fetch(url)).json()).state;
}
