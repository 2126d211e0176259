/** A server that stood still for seconds, as a stopped machine does, loses no DJ and no frame. */
import assert from "node:assert/strict";
import { BothFormsFollower } from "../../testing/e2e/both_forms_follower.ts";
import { PlaylistFollower } from "../../testing/hls_validator/follower.ts";
import { assertSent, toHex } from "../../testing/e2e/audio_sent.ts";
import { until } from "../../testing/until.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { HookReceiver } from "../../testing/hook/hook_receiver.ts";
import { atOnce } from "../../testing/e2e/scenario.ts";
import { LiveTransmit, sessionIds, sharedUrl } from "../../testing/e2e/srt_senders.ts";

/** Longer than RTMP's and SRT's timeouts, hook questions and the wait for late audio. */
const STANDSTILL_MS = 12_000;
/** Segments of 2 s wait half a second for what is late, on a machine that is busy. */
const ENV = { HLS_TARGET_DURATION: "2" };
/** As many access units of 44.1 kHz as come in 24 s: after the standstill. */
const UNITS_AFTER = 1034;

/** Stops the process for a while, as a snapshot of its machine does. */
async function standStill(server: EchoServer): Promise<void> {
  server.kill("SIGSTOP");
  await new Promise((resolve) => setTimeout(resolve, STANDSTILL_MS));
  server.kill("SIGCONT");
}

atOnce("a server that stood still", {
  "goes on with every DJ, and loses no frame": goOnWithDjs,
  "takes the answer that came while it did": answerMeanwhile,
});

async function goOnWithDjs(): Promise<void> {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 60 });
  const sent = toHex((await media.readFrames(clip)).map(({ data }) => data));
  await using server = await EchoServer.start({ env: ENV });
  // In low latency a segment may end sooner than was hinted at before the server stood still.
  await using rtmp = new PlaylistFollower(server.playlistUrl("rtmp"));
  await using srt = new PlaylistFollower(server.playlistUrl("srt"));
  const followers = [rtmp, srt];

  await using _rtmp = new Encoder(clip, server.rtmpUrl("live/rtmp"));
  // A sender that has waited for longer than 5 s gives up by default.
  await using _srt = await LiveTransmit.start(
    clip,
    `${sharedUrl(server, "publish:srt")}&peeridletimeo=60000`,
    () => sessionIds(server, "srt").length > 0,
  );
  await using leaving = new Encoder(clip, server.rtmpUrl("live/away"));
  await until("all are on air", () => followers.every(({ segments }) => segments.size >= 3));
  await leaving.stop("SIGKILL");
  await server.line(/ away#\d+ paused/);

  for (const follower of followers) follower.allow("serverDown");
  await standStill(server);
  await using stranger = new Encoder(clip, server.rtmpUrl("live/rtmp"));
  await using _back = new Encoder(clip, server.rtmpUrl("live/away"));
  const heard = (follower: PlaylistFollower) => toHex(follower.accessUnits);
  await until("both have caught up", () => {
    return [rtmp, srt].every((follower) => heard(follower).includes(sent[UNITS_AFTER] ?? ""));
  });
  assertSent(heard(rtmp), sent, "RTMP");
  assertSent(heard(srt), sent, "SRT");
  await server.line(/ away#\d+ on air again/);
  for (const name of ["rtmp", "srt", "away"]) {
    assert.equal(sessionIds(server, name).length, 1, `${name} has one session`);
  }
  await stranger.end();
  const log = server.log.join("\n");
  assert.doesNotMatch(log, /silent for|took over|RTMP connection .* for rtmp .* ended/);
  assert.match(log, /Cannot publish rtmp: somebody else is on air with it/);
}

async function answerMeanwhile(): Promise<void> {
  await using media = await Media.create();
  const clip = await media.encode("clip", { seconds: 60 });
  await using receiver = await HookReceiver.start();
  const env = { ...ENV, ...receiver.env, ECHO_AUTH: "hook" };
  await using server = await EchoServer.start({ env });
  const stopped = Promise.withResolvers<void>();
  receiver.decide = () => {
    server.kill("SIGSTOP");
    stopped.resolve();
    return true;
  };
  await using follower = new BothFormsFollower(server.playlistUrl("demo"), {
    exceptions: ["serverDown"],
  });
  await using _encoder = new Encoder(clip, server.rtmpUrl("live/demo?key=sesame"));
  await stopped.promise;
  await standStill(server);
  await until("it is on air", () => follower.segments.size > 0);
  assert.doesNotMatch(server.log.join("\n"), /cannot be asked|ended/);
}
