/** The sample client of scripts/echo-client against a real server. */
import assert from "node:assert/strict";
import { BothFormsFollower } from "../../testing/e2e/both_forms_follower.ts";
import { assertSent, SILENCE, toHex } from "../../testing/e2e/audio_sent.ts";
import { until } from "../../testing/until.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";
import { buildSampleClients, SampleClient } from "../../testing/e2e/srt_senders.ts";

/** More than a teardown takes, and less than Echo waits for a DJ who said goodbye. */
const AT_ONCE_MS = 5000;

scenario("the sample client publishes a file by SRT and by RTMP, and ends it", async () => {
  await buildSampleClients();
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 10 });
  const sent = toHex((await media.readFrames(clip)).map(({ data }) => data));
  await using server = await EchoServer.start();
  await together(["srt", "rtmp"], async (name) => {
    await using follower = new BothFormsFollower(server.playlistUrl(name), {
      exceptions: ["deliberateEnd"],
    });
    const options = name === "rtmp" ? ["-r"] : [];
    await using client = new SampleClient(server, ...options, "127.0.0.1", name, clip);
    await until(`${name} is on air`, () => follower.playlist);
    const [{ frames, warnings }] = await Promise.all([
      media.readPlaylist(follower.url),
      untilOver(client, follower, name),
    ]);
    assert.deepEqual(warnings, []);
    const heard = toHex(frames.map(({ data }) => data));
    assertSent(heard, sent, name);
    assert.equal(heard.filter((unit) => unit !== SILENCE).length, sent.length);
  });
});

async function untilOver(
  client: SampleClient,
  follower: BothFormsFollower,
  name: string,
): Promise<void> {
  const { code } = await client.end();
  assert.equal(code, 0, client.output);
  assert.match(client.output, /^Torn down: end of file$/m);
  const since = performance.now();
  await until(`${name} is over`, () => follower.playlist?.ended);
  const ms = Math.round(performance.now() - since);
  console.log(`${name} ended ${ms} ms after its teardown`);
  // By RTMP, FFmpeg has said goodbye before.
  assert.ok(ms < AT_ONCE_MS);
}
