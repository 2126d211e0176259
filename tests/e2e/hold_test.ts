/** A DJ who comes back within the hold: listeners hear silence, then the same broadcast. */
import assert from "node:assert/strict";
import { BothFormsFollower } from "../../testing/e2e/both_forms_follower.ts";
import { until } from "../../testing/until.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario } from "../../testing/e2e/scenario.ts";

/** A silent access unit of two channels. */
const SILENCE = "21000000001c";

scenario("a DJ who is lost leaves silence, and comes back to the same broadcast", async () => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 60 });
  const sent = (await media.readFrames(clip)).map(({ data }) => data.toHex());
  await using server = await EchoServer.start();
  await using follower = new BothFormsFollower(server.playlistUrl("demo"));
  const heard = () => follower.accessUnits.map((unit) => unit.toHex());

  await using encoder = new Encoder(clip, server.rtmpUrl("live/demo"));
  await until("it is on air", () => follower.segments.size >= 3);
  await encoder.stop("SIGKILL");
  await until("there is silence for some seconds", () => count(heard(), SILENCE) >= 200);
  await using _back = new Encoder(clip, server.rtmpUrl("live/demo"));
  await until("it is back", () => count(heard(), sent[100]) === 2);

  const units = heard();
  const lost = units.indexOf(SILENCE);
  const back = units.indexOf(sent[0] ?? "", 1);
  assert.deepEqual(units.slice(0, lost), sent.slice(0, lost));
  assert.ok(units.slice(lost, back).every((unit) => unit === SILENCE));
  // Where the return is late for a segment, that segment is completed with silence.
  const resumed = units.slice(back).filter((unit) => unit !== SILENCE);
  assert.deepEqual(resumed, sent.slice(0, resumed.length));
  const segments = [...follower.segments.values()];
  assert.ok(segments.every(({ listed }) => !listed.discontinuity));
});

function count(units: readonly string[], which: string | undefined): number {
  return units.filter((unit) => unit === which).length;
}
