/** What players notice of trouble between a DJ and the server: nothing. */
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { BothFormsFollower } from "../../testing/e2e/both_forms_follower.ts";
import { assertUnnoticed, Audience, printStalls } from "../../testing/players/audience.ts";
import { until } from "../../testing/until.ts";
import { reserve } from "../../testing/e2e/control_request.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { Relay } from "../../testing/rtmp/tcp_relay.ts";
import { scenario } from "../../testing/e2e/scenario.ts";

const STALL_MS = 3000;
const AWAY_MS = 8000;
/** A silent access unit of two channels. */
const SILENCE = "21000000001c";

scenario("listeners never notice what happens between a DJ and the server", async (t) => {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 90 });
  const sent = (await media.readFrames(clip)).map(({ data }) => data.toHex());
  await using server = await EchoServer.start();
  const control = `127.0.0.1:${server.controlPort}`;
  await using relay = new Relay(server.rtmpPort);
  const { key, cookie } = await reserve(control, "demo", { protocol: "rtmp" });
  await using first = new Encoder(clip, `rtmp://127.0.0.1:${relay.port}/demo/${key}`);
  await using follower = new BothFormsFollower(server.playlistUrl("demo"));
  await until("players start", () => (follower.playlist?.segments.length ?? 0) >= 5);
  await using audience = await Audience.gather(follower.url);

  await t.step("3 s without packets, of which nothing is lost", async () => {
    const impressions = await audience.hear(async () => {
      relay.hold();
      await pause(STALL_MS);
      relay.release();
    });
    printStalls("3 s without packets", impressions);
    assertUnnoticed(impressions);

    const units = follower.accessUnits.map((unit) => unit.toHex());
    const audio = units.filter((unit) => unit !== SILENCE);
    assert.ok(audio.length < units.length, "there was no silence while nothing came");
    assert.notEqual(units.at(-1), SILENCE, "what was held is not yet through");
    const other = audio.findIndex((unit, i) => unit !== sent[i]);
    assert.equal(other, -1, `access unit ${other} of ${audio.length} is not as it was sent`);
  });

  await using later = new AsyncDisposableStack();
  let onAir = first;
  const start = (url: string) => onAir = later.use(new Encoder(clip, url));

  await t.step("an encoder is killed, and comes back after 8 s", async () => {
    const impressions = await audience.hear(async () => {
      await onAir.stop("SIGKILL");
      await pause(AWAY_MS);
      start(server.rtmpUrl(`demo/${key}`));
    });
    printStalls("8 s without an encoder", impressions);
    assertUnnoticed(impressions);
  });

  await t.step("the DJ changes from RTMP to SRT", async () => {
    const impressions = await audience.hear(async () => {
      const before = onAir;
      const { srtPort } = await reserve(control, "demo", { protocol: "srt", cookie });
      const streamId = encodeURIComponent(`#!::s=${key}`);
      start(`srt://127.0.0.1:${srtPort}?streamid=${streamId}`);
      await until("SRT has taken over", () => !before.running);
    });
    printStalls("from RTMP to SRT", impressions);
    assertUnnoticed(impressions);
  });

  await t.step("and back to RTMP", async () => {
    const impressions = await audience.hear(async () => {
      const before = onAir;
      start(server.rtmpUrl(`demo/${key}`));
      await until("RTMP has taken over", () => !before.running);
    });
    printStalls("from SRT to RTMP", impressions);
    assertUnnoticed(impressions);
  });

  const segments = [...follower.segments.values()];
  assert.ok(segments.every(({ listed }) => !listed.discontinuity));
});
