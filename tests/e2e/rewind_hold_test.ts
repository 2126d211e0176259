/** A DJ who is lost for some seconds from a show that is rewound. */
import assert from "node:assert/strict";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { RewoundShow } from "../../testing/e2e/rewound_show.ts";
import { scenario } from "../../testing/e2e/scenario.ts";
import { accessUnits } from "../../testing/hls_validator/adts.ts";
import { urisOf } from "../../testing/record/rewound.ts";
import { until } from "../../testing/until.ts";

/** A segment of 6 s, at 47 access units a second. */
const SILENT = 6 * 47;

scenario("the silence of a DJ who is away is in the show while he is", async () => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 30, sampleRate: 48_000 });
  const rest = await media.encode("rest", { seconds: 8, sampleRate: 48_000 });
  await using server = await EchoServer.start({ env: { HLS_REWIND: "all" } });
  const show = new RewoundShow(server);
  await using first = new Encoder(clip, server.rtmpUrl("live/demo"));
  const before = urisOf(await show.listing(1)).length;
  await first.stop("SIGKILL");
  // Audio may come to the end of one.
  await show.listing(before + 2);
  await using second = new Encoder(rest, server.rtmpUrl("live/demo"));
  await until("the DJ is back", () => second.sent > 1);
  const reading = show.read();
  await second.end();
  const { frames, warnings } = await reading;
  assert.deepEqual(warnings, []);
  const sentBefore = accessUnits(await media.readFrames(clip));
  const sent = accessUnits(await media.readFrames(rest));
  const heard = accessUnits(frames);
  assert.deepEqual(heard.slice(-sent.length), sent);
  const earlier = heard.slice(0, -sent.length);
  const silent = earlier.length - 1 - earlier.findLastIndex((unit, i) => unit === sentBefore[i]);
  assert.ok(silent > SILENT, `${silent} frames of silence`);
});
