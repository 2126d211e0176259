/** What FFmpeg and srt-live-transmit show their user where a publish is refused. */
import assert from "node:assert/strict";
import { BothFormsFollower } from "../../testing/e2e/both_forms_follower.ts";
import { Child } from "../../testing/child.ts";
import { until } from "../../testing/until.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario } from "../../testing/e2e/scenario.ts";
import { sharedUrl } from "../../testing/e2e/srt_senders.ts";

scenario("an encoder tells its user why it was refused", async () => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 30 });
  await using open = await EchoServer.start();
  await using keyed = await EchoServer.start({ env: { ECHO_AUTH: "key", ECHO_AUTH_ANY: "1" } });
  await using follower = new BothFormsFollower(open.playlistUrl("demo"));
  await using _onAir = new Encoder(clip, open.rtmpUrl("live/demo"));
  await until("the name is on air", () => follower.playlist);

  const rejected = /REJECT reported .*: Application-defined rejection reason/;
  const taken = sharedUrl(open, "publish:demo");
  const adpcm = ["-c:a", "adpcm_swf", "-ar", "44100"];
  await Promise.all([
    assertRefused(new Encoder(clip, keyed.rtmpUrl("demo/not-my-key")), /the key is wrong/),
    assertRefused(new Encoder(clip, keyed.rtmpUrl("live/demo?key=not-my-key")), /key is wrong/),
    assertRefused(new Encoder(clip, keyed.rtmpUrl("live/demo")), /a key is needed/),
    assertRefused(new Encoder(clip, open.rtmpUrl("live/demo")), /somebody else is on air/),
    assertRefused(new Encoder(clip, open.rtmpUrl("live/no%20name")), /a name is/),
    assertRefused(new Encoder(clip, sharedUrl(keyed, "publish:demo::not-my-key")), rejected),
    assertRefused(new Encoder(clip, taken), rejected),
    assertRejected(new Child("srt-live-transmit", ["-v", taken, "file://con"]), rejected),
    assertRefused(new Encoder(clip, open.rtmpUrl("live/adpcm"), adpcm), /ADPCM/),
    assertRefused(
      new Encoder(clip, keyed.rtmpUrl("app1/not-my-key")),
      /got rtmp:\/\/HOST\/app1\/….*publish to rtmp:\/\/HOST\/live with the stream key NAME/,
    ),
    assertRefused(
      new Encoder(clip, keyed.rtmpUrl("live/demo/not-my-key")),
      /got rtmp:\/\/HOST\/live\/demo\/….*publish to rtmp:\/\/HOST\/live with the stream key NAME/,
    ),
  ]);
  assert.ok(!keyed.log.join("\n").includes("not-my-key"));
});

/** It does not end by itself, but tries again. */
async function assertRejected(program: Child, why: RegExp): Promise<void> {
  await using rejected = program;
  await rejected.line(why);
}

async function assertRefused(encoder: Encoder, why: RegExp): Promise<void> {
  await using refused = encoder;
  const { code } = await refused.end();
  assert.notEqual(code, 0);
  assert.match(refused.output, why);
}
