/** Real sources of Icecast: what leaves by HLS and in the archive is what they sent. */
import assert from "node:assert/strict";
import { assertConnections } from "../../testing/e2e/audio_sent.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Media, packetsOf } from "../../testing/e2e/ffmpeg_encoder.ts";
import { SecureServer } from "../../testing/e2e/secure_server.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";
import { askStat } from "../../testing/e2e/stat_request.ts";
import { PlaylistFollower } from "../../testing/hls_validator/follower.ts";
import { assertReceived, captureStream } from "../../testing/icecast/captured_stream.ts";
import { RecordingRelay } from "../../testing/icecast/recording_relay.ts";
import {
  FfmpegSource,
  type LiquidsoapOutput,
  LiquidsoapSource,
  ShoutSource,
} from "../../testing/icecast/sources.ts";
import { md5 } from "../../testing/mp4/readers.ts";
import { until } from "../../testing/until.ts";

const SECONDS = 60;
/** How much of each show is compared. */
const SEGMENTS = 6;
const PASSWORD = "sesame";

/** Two tones that rise, so that no two frames are alike. */
const TONES = [
  "-f",
  "lavfi",
  "-i",
  `aevalsrc=0.2*sin(900*t*(1+t/20))|0.2*sin(1300*t):d=${SECONDS}`,
];

const LIQUIDSOAP: readonly Pick<LiquidsoapOutput, "name" | "by" | "codec">[] = [
  { name: "liquidsoap-source", by: "SOURCE", codec: "mp3" },
  { name: "liquidsoap-put", by: "PUT", codec: "mp3" },
  { name: "liquidsoap-chunks", by: "PUT in chunks", codec: "mp3" },
  { name: "liquidsoap-aac", by: "PUT", codec: "aac" },
];

scenario(
  "what FFmpeg, shout and Liquidsoap send is heard and recorded, frame for frame",
  async (t) => {
    await using media = await Media.create();
    const aac = await media.encode("clip", { seconds: SECONDS });
    const mp3 = await media.encodeMp3("clip", TONES, { rate: 44_100, bitrate: "128k" });
    await using server = await EchoServer.start({ env: { ICECAST_ENABLED: "1" } });
    await server.line(/Icecast listens on/);
    const place = (port: number, name: string) => ({ port, name, password: PASSWORD });
    const names = [
      ...["ffmpeg-put-aac", "ffmpeg-source-aac", "ffmpeg-put-mp3", "ffmpeg-source-mp3", "shout"],
      ...LIQUIDSOAP.map(({ name }) => name),
    ];
    const relays = new Map(names.map((name) => [name, new RecordingRelay(server.icecastPort)]));
    const placeOf = (name: string) => place(relays.get(name)?.port ?? 0, name);
    const heard = await (async () => {
      await using _aac = new FfmpegSource(aac, placeOf("ffmpeg-put-aac"));
      await using _aacSource = new FfmpegSource(aac, placeOf("ffmpeg-source-aac"), "SOURCE");
      await using _mp3 = new FfmpegSource(mp3, placeOf("ffmpeg-put-mp3"));
      await using _mp3Source = new FfmpegSource(mp3, placeOf("ffmpeg-source-mp3"), "SOURCE");
      await using _shout = new ShoutSource(mp3, placeOf("shout"));
      await using _liquidsoap = new LiquidsoapSource(
        LIQUIDSOAP.map((output) => ({ ...output, ...placeOf(output.name) })),
      );
      return await together(names, async (name) => {
        await using follower = new PlaylistFollower(server.playlistUrl(name));
        await until(`${name} is on air`, () => follower.segments.size > 0);
        const extension = name.endsWith("aac") ? "aac" : "mp3";
        const stream = captureStream(
          `http://127.0.0.1:${server.hlsPort}/cast/${name}/stream.${extension}`,
        );
        const atSource = captureStream(
          `http://127.0.0.1:${server.icecastPort}/${name}.${extension}`,
        );
        await until(`${name} is heard`, () => follower.segments.size >= SEGMENTS);
        const streams = await Promise.all([stream, atSource].map((captured) => captured.end()));
        return { name, heard: follower.accessUnits.map(md5), streams };
      });
    })();
    const [, count] = await askStat(server, "/stat/1/sessions/count/input");
    assert.equal(Object.hasOwn(count as object, "icecast"), true);
    await server.stop("SIGTERM");
    for (const { name, heard: units, streams } of heard) {
      await t.step(name, async () => {
        const isAac = name.endsWith("aac");
        const unitsOf = async (file: string) => {
          return isAac
            ? (await media.readFrames(file)).map(({ data }) => md5(data))
            : packetsOf(file);
        };
        const [body = assert.fail(), ...others] = relays.get(name)?.bodies ?? [];
        assert.deepEqual(others, []);
        const sent = await unitsOf(await media.keep(name, body));
        const live = assertConnections(units, [sent], `${name} by HLS`);
        const recording = `${server.folder}/output/record/${name}.mp4`;
        const recorded = assertConnections(await unitsOf(recording), [sent], `${name} in MP4`);
        console.log(`${name}: ${live.counts} frames heard, ${recorded.counts} recorded`);
        assert.ok((live.counts[0] ?? 0) > 0 && (recorded.counts[0] ?? 0) >= (live.counts[0] ?? 0));
        for (const [i, bytes] of streams.entries()) {
          assertReceived(await unitsOf(await media.keep(`${name}-${i}`, bytes)), sent);
        }
      });
    }
    for (const relay of relays.values()) await relay[Symbol.asyncDispose]();
  },
);

scenario("a source is refused in words, and its title is heard with its audio", async () => {
  await using media = await Media.create();
  const aac = await media.encode("clip", { seconds: SECONDS });
  await using server = await EchoServer.start({
    env: { ICECAST_ENABLED: "1", ECHO_AUTH: "dj", ECHO_DJ_FILE: "djs" },
    files: { djs: "" },
  });
  await server.line(/Icecast listens on/);
  const printed = await server.dj("add", "source", "demo");
  const key = /^The key of source is (\S+)$/m.exec(printed)?.[1] ?? assert.fail(printed);
  assert.match(printed, new RegExp(`^BUTT, Password +${key}$`, "m"));
  await until(
    "the server knows the DJ",
    () => server.log.some((line) => /DJs who may publish: 1;/.test(line)),
  );
  const { icecastPort: port } = server;
  await using wrong = new FfmpegSource(aac, { port, name: "demo", password: "wrong" });
  await wrong.end();
  assert.match(wrong.output, /HTTP error 401 Cannot publish demo: the user or the key is wrong/);

  await using follower = new PlaylistFollower(server.playlistUrl("demo"));
  await using _source = new FfmpegSource(aac, { port, name: "demo", password: key });
  await until("it is heard", () => follower.segments.size > 0);
  const tell = async (password: string) => {
    const url = `http://127.0.0.1:${port}/admin/metadata?mode=updinfo&mount=/demo&song=Caf%E9`;
    const headers = { Authorization: `Basic ${btoa(`source:${password}`)}` };
    const response = await fetch(url, { headers });
    await response.body?.cancel();
    return response.status;
  };
  assert.equal(await tell("wrong"), 401);
  assert.equal(await tell(key), 200);
  const status = await until("the title is told", async () => {
    const response = await fetch(`http://127.0.0.1:${port}/status-json.xsl?mount=/demo`);
    const { icestats: { source } } = await response.json();
    return source?.title !== undefined && source;
  });
  assert.equal(status.title, "Café");
  assert.equal(status.server_type, "audio/aac");
  assert.match(status.listenurl, /\/demo$/);
  assert.equal(typeof status.listeners, "number");
});

scenario("a source over TLS is heard, and one without TLS is not taken there", async () => {
  await using media = await Media.create();
  const aac = await media.encode("clip", { seconds: SECONDS });
  await using server = await SecureServer.start({ env: { ICECAST_ENABLED: "1" } });
  await server.echo.line(/Icecast over TLS listens on/);
  const { ports: { icecast: tls } } = server;
  await using plain = new FfmpegSource(aac, { port: tls, name: "plain", password: PASSWORD });
  assert.notEqual((await plain.end()).code, 0);
  const place = { port: tls, name: "secure", password: PASSWORD };
  await using _source = new FfmpegSource(aac, place, "TLS");
  await using follower = new PlaylistFollower(server.echo.playlistUrl("secure"));
  await until("it is heard", () => follower.segments.size > 1);
});
