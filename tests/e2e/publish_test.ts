import assert from "node:assert/strict";
import { PlaylistFollower } from "../hls_validator/follower.ts";
import { until } from "./condition.ts";
import { EchoServer } from "./echo_server.ts";
import { Encoder, Media, probe } from "./ffmpeg.ts";
import { scenario, together } from "./scenario.ts";

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
