/** Receivers of an endless stream stay connected, whatever becomes of the encoder. */
import assert from "node:assert/strict";
import { run } from "../../testing/audio/ffmpeg.ts";
import { assertConnections, toHex } from "../../testing/e2e/audio_sent.ts";
import { ask, reserve } from "../../testing/e2e/control_request.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario, together, withAnyThreads } from "../../testing/e2e/scenario.ts";
import { metricsOf } from "../../testing/e2e/stat_request.ts";
import {
  AudioElement,
  Curl,
  FfmpegReceiver,
  IcyReader,
  untilMore,
} from "../../testing/e2e/stream_receivers.ts";
import { until } from "../../testing/until.ts";

scenario(
  "receivers stay through kills of the encoder and a take-over, and hear titles",
  async () => {
    await using media = await Media.create();
    const clip = await media.encode("clip", { seconds: 300 });
    await using server = await EchoServer.start();
    const control = `127.0.0.1:${server.controlPort}`;
    const url = server.playlistUrl("demo").replace("playlist.m3u8", "stream.aac");
    const grant = await reserve(control, "demo", { protocol: "rtmp" });
    const publish = () => new Encoder(clip, server.rtmpUrl(`demo/${grant.key}`));
    let encoder = publish();
    await using files = await Media.create();
    const captured = await files.write("captured.aac", "");
    try {
      await until("it can be heard", async () => (await fetch(url, { method: "HEAD" })).ok);
      await until("something was sent", () => encoder.sent > 6);
      await using curl = new Curl(url, captured);
      await using ffmpeg = new FfmpegReceiver(url);
      await using chromium = await AudioElement.play(url);
      await using icy = new IcyReader(url);
      const receivers = [curl, ffmpeg, chromium, icy];
      await together(receivers, untilMore);
      await until("they are counted", async () => {
        return (await metricsOf(server)).includes(`\necho_stream_listeners ${receivers.length}\n`);
      });
      for (const title of ["First", "Zweites 'Stück' 🎵"]) {
        const body = { title, artist: "Ella" };
        await ask(control, { method: "PUT", path: "metadata", body, headers: grant.cookie });
        await until(`${title} is heard`, () => icy.titles.at(-1) === `Ella - ${title}`);
      }
      for (let kills = 0; kills < 2; kills++) {
        await encoder.stop("SIGKILL");
        await server.line(/lost|paused/);
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
      await ask(control, {
        ...{ method: "PUT", path: "teardown", headers: grant.cookie },
        body: { reason: { code: 0, message: "" } },
      });
      const sent = toHex((await media.readFrames(clip)).map(({ data }) => data));
      const heard = toHex((await curl.frames()).map(({ data }) => data));
      const first = sent.indexOf(heard[0] ?? "");
      assert.notEqual(first, -1);
      const connections = [sent.slice(first), sent, sent, sent];
      const { counts } = assertConnections(heard, connections, "curl");
      assert.equal(counts.length, 4);
      // It fails where FFmpeg warns.
      const decoding = ["-f", "aac", "-i", "pipe:0", "-f", "null", "-"];
      await run("ffmpeg", decoding, await Deno.readFile(captured));
    } finally {
      await encoder[Symbol.asyncDispose]();
    }
  },
);

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
