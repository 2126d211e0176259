/** The forms of an RTMP address that put a broadcast on air. */
import assert from "node:assert/strict";
import { PlaylistFollower } from "../../testing/hls_validator/follower.ts";
import { until } from "../../testing/until.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media, probe } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";
import { sharedUrl } from "../../testing/e2e/srt_senders.ts";

scenario(
  "both forms of RTMP address are on air, as one audio stream and nothing else",
  async () => {
    await using media = await Media.create();
    const clip = await media.encode("clip", { seconds: 30 });
    await using server = await EchoServer.start();
    await using _tutorial = new Encoder(clip, server.rtmpUrl("live/demo"));
    await using _own = new Encoder(clip, server.rtmpUrl("other/anykey"));
    await together(["demo", "other"], async (name) => {
      await using follower = new PlaylistFollower(server.playlistUrl(name));
      await until("players start", () => (follower.playlist?.segments.length ?? 0) >= 4);
      assert.deepEqual(await probe(follower.url), [
        { codec_name: "aac", codec_type: "audio", sample_rate: "44100", channels: 2 },
      ]);
    });
  },
);

scenario("the addresses that users of other servers have are on air", async () => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 30 });
  await using server = await EchoServer.start();
  await using djs = new AsyncDisposableStack();
  const forms: Record<string, string> = {
    "one": server.rtmpUrl("live/one/any"),
    "two": server.rtmpUrl("/live/two"),
    "three": server.rtmpUrl("live//three"),
    "four": server.rtmpUrl("app1/four"),
    "five": server.rtmpUrl("publish/five"),
    "six": sharedUrl(server, "#!::r=live/six,m=publish"),
    "seven": sharedUrl(server, "publish/seven"),
    "eight": sharedUrl(server, "/eight"),
  };
  for (const url of Object.values(forms)) djs.use(new Encoder(clip, url));
  await together(Object.keys(forms), async (name) => {
    await using follower = new PlaylistFollower(server.playlistUrl(name));
    await until(`${name} is on air`, () => follower.playlist);
  });
});
