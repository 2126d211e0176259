/** What goes in comes out in low latency, for every kind of AAC, from one thread and from several. */
import { withoutProgramConfig } from "../../testing/hls_validator/adts.ts";
import { LowFollower } from "../../testing/hls_validator/low_follower.ts";
import { assertWhole } from "../../testing/e2e/audio_sent.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { type Clip, Encoder, Media, sample } from "../../testing/e2e/ffmpeg_encoder.ts";
import { together, withAnyThreads } from "../../testing/e2e/scenario.ts";
import { md5 } from "../../testing/mp4/readers.ts";
import { FfmpegPlayer } from "../../testing/players/ffmpeg_player.ts";
import { until } from "../../testing/until.ts";

const seconds = 14;

const CLIPS: Readonly<Record<string, Clip>> = {
  "lc-44100-mono": { sampleRate: 44_100, layout: "mono", seconds },
  "lc-48000-stereo": { sampleRate: 48_000, layout: "stereo", seconds },
  "lc-48000-surround": { sampleRate: 48_000, layout: "5.1", seconds, bitrate: "256k" },
};
const SAMPLES = ["he-aac-v1_explicit-signalling.m4a", "he-aac-v2_explicit-signalling.m4a"];

withAnyThreads(
  "every access unit comes out in low latency as it went in, until the end",
  async (env) => {
    await using media = await Media.create();
    const files = new Map(SAMPLES.map((name) => [name.replace(/\.\w+$/, ""), sample(name)]));
    for (const [name, clip] of Object.entries(CLIPS)) {
      files.set(name, await media.encode(name, clip));
    }
    // A part of segments of 2 s is waited for six seconds, on a machine that is busy.
    await using server = await EchoServer.start({ env: { ...env, HLS_TARGET_DURATION: "2" } });
    await together(files, async ([name, file]) => {
      await using follower = new LowFollower(server.playlistUrl(name).replace("playlist", "low"));
      await using _encoder = new Encoder(file, server.rtmpUrl(`live/${name}`));
      await until(`${name} is there in low latency`, () => follower.playlist);
      await using player = new FfmpegPlayer(follower.url);
      await player.ended();
      await follower.ended();
      const sent = (await media.readFrames(file)).map(({ data }) =>
        md5(withoutProgramConfig(data))
      );
      assertWhole(follower.hashes, sent, await server.silentPutIn(name));
    });
  },
);
