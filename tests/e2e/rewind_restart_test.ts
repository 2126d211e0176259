/** A server that is killed while its show is rewound. */
import assert from "node:assert/strict";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { RewoundShow } from "../../testing/e2e/rewound_show.ts";
import { scenario, together } from "../../testing/e2e/scenario.ts";
import { accessUnits } from "../../testing/hls_validator/adts.ts";
import { urisOf } from "../../testing/record/rewound.ts";
import { until } from "../../testing/until.ts";

/** Puts no silence in where this machine is busy. */
const PATIENT = { HLS_TARGET_DURATION: "8" };

scenario(
  "a show is what it was after the server was killed, and goes on when the DJ is back",
  async () => {
    await using media = await Media.create();
    const clip = await media.encode("clip", { seconds: 30, sampleRate: 48_000 });
    const rest = await media.encode("rest", { seconds: 14, sampleRate: 48_000 });
    await using server = await EchoServer.start({ env: { ...PATIENT, HLS_REWIND: "all" } });
    const show = new RewoundShow(server);
    const bytesOf = (uri: string) => show.bytesOf(uri);
    await using _first = new Encoder(clip, server.rtmpUrl("live/demo"));
    const before = await show.listing(2);
    const bytes = await together(urisOf(before), bytesOf);
    await server.stop("SIGKILL");
    await server.startAgain();
    await using second = new Encoder(rest, server.rtmpUrl("live/demo"));
    const after = await until("the show goes on", async () => {
      const text = await show.playlist();
      return text !== undefined && text.includes("#EXT-X-DISCONTINUITY\n") && text;
    });
    assert.ok(after.startsWith(before.replace("#EXT-X-ENDLIST\n", "")), `${before}\n${after}`);
    assert.deepEqual(await together(urisOf(before), bytesOf), bytes);
    const reading = show.read();
    await second.end();
    const { frames, warnings } = await reading;
    assert.deepEqual(warnings, []);
    const heard = accessUnits(frames);
    const sent = accessUnits(await media.readFrames(rest));
    assert.deepEqual(heard.slice(-sent.length), sent, "all of the second part");
    const first = heard.slice(0, -sent.length);
    const sentBefore = accessUnits(await media.readFrames(clip));
    assert.deepEqual(first, sentBefore.slice(0, first.length), "the first until it was killed");
  },
);
