/** Receivers that know the source port alone, as they know Icecast. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Child } from "../../testing/child.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario, withAnyThreads } from "../../testing/e2e/scenario.ts";
import { SecureServer } from "../../testing/e2e/secure_server.ts";
import { metricsOf } from "../../testing/e2e/stat_request.ts";
import { Curl, IcyReader, untilMore } from "../../testing/e2e/stream_receivers.ts";
import { freePorts } from "../../testing/free_ports.ts";
import { until } from "../../testing/until.ts";

withAnyThreads("receivers of MP3 get what was sent, at both ports", async (env) => {
  await using media = await Media.create();
  const tone = ["-f", "lavfi", "-i", "aevalsrc=0.2*sin(900*t*(1+t/40)):d=12:s=44100"];
  const clip = await media.encodeMp3("clip", tone, {});
  await using server = await EchoServer.start({ env: { ...env, ICECAST_ENABLED: "1" } });
  const mount = `http://127.0.0.1:${server.icecastPort}/demo`;
  const stream = server.playlistUrl("demo").replace("playlist.m3u8", "stream.mp3");
  // What a receiver has kept since before the show.
  const keptMount = await urlIn(`${mount}.m3u`);
  const keptStream = await urlIn(stream.replace(/mp3$/, "m3u"));
  await using encoder = new Encoder(clip, server.rtmpUrl("live/demo"));
  await until("it can be heard", async () => (await fetch(stream, { method: "HEAD" })).ok);
  await using byMount = new Curl(mount, await media.write("mount", ""), "--http1.0");
  await using byFile = new Curl(`${mount}.mp3`, await media.write("file", ""));
  await using byStream = new Curl(stream, await media.write("stream", ""));
  await using byKeptMount = new Curl(keptMount, await media.write("kept-mount", ""));
  await using byKeptStream = new Curl(keptStream, await media.write("kept-stream", ""));
  // Its test mode decodes, and prints where something is wrong.
  await using mpg123 = new Child("mpg123", ["-q", "-t", mount]);
  await using icy = new IcyReader(stream);
  await untilMore(byMount);
  const isCounted = async () => (await metricsOf(server)).includes("\necho_stream_listeners 7\n");
  await until("they are counted", isCounted);
  for (const path of ["/demo.aac", "/other"]) {
    const answer = await fetch(`http://127.0.0.1:${server.icecastPort}${path}`);
    await answer.body?.cancel();
    assert.equal(answer.status, 404, path);
  }
  await encoder.end();
  const sent = Buffer.from(await Deno.readFile(clip));
  for (const receiver of [byMount, byFile, byStream, byKeptMount, byKeptStream]) {
    const heard = Buffer.from(await receiver.bytes());
    const first = sent.indexOf(heard.subarray(0, 2000));
    assert.notEqual(first, -1, "it begins with a frame that was sent");
    assert.deepEqual(heard.subarray(0, sent.length - first), sent.subarray(first));
  }
  const { code } = await mpg123.end();
  assert.deepEqual([code, mpg123.output], [0, ""]);
  assert.notEqual(sent.indexOf(icy.audio.subarray(0, 8000)), -1);
});

scenario("receivers get the same over TLS, at both ports", async () => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 12 });
  const [port = 0] = freePorts(1);
  const env = { ICECAST_ENABLED: "1", ICECAST_TLS_ADDR: `127.0.0.1:${port}` };
  await using server = await SecureServer.start({ env });
  await using encoder = new Encoder(clip, server.echo.rtmpUrl("live/demo"));
  const stream = server.playlistUrl("demo").replace("playlist.m3u8", "stream.aac");
  const isThere = async () => (await server.curl(stream, "--head")).status === 200;
  await until("it can be heard", isThere);
  const trust = ["--cacert", server.authority.rootFile];
  const mount = `https://localhost:${port}/demo`;
  await using byMount = new Curl(mount, await media.write("mount", ""), ...trust);
  await using byHttp1 = new Curl(stream, await media.write("h1", ""), ...trust, "--http1.1");
  await using byHttp2 = new Curl(stream, await media.write("h2", ""), ...trust, "--http2");
  const receivers = [byMount, byHttp1, byHttp2];
  for (const receiver of receivers) await untilMore(receiver);
  await encoder.end();
  const sent = (await media.readFrames(clip)).map(({ data }) => data.toHex());
  for (const receiver of receivers) {
    const heard = (await receiver.frames()).map(({ data }) => data.toHex());
    const first = sent.indexOf(heard[0] ?? "");
    assert.notEqual(first, -1);
    assert.deepEqual(heard.slice(0, sent.length - first), sent.slice(first));
  }
});

/** What a player is to play by such a file. */
async function urlIn(list: string): Promise<string> {
  const answer = await fetch(list);
  assert.equal(answer.status, 200, list);
  return (await answer.text()).trimEnd().split("\n").at(-1) ?? "";
}
