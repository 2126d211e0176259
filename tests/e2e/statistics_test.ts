/** Statistics and metrics over HTTP, with nobody on air and with two shows. */
import assert from "node:assert/strict";
import { promtool } from "../../testing/stat/promtool.ts";
import { until } from "../../testing/until.ts";
import { EchoServer } from "../../testing/e2e/echo_server.ts";
import { Encoder, Media } from "../../testing/e2e/ffmpeg_encoder.ts";
import { scenario } from "../../testing/e2e/scenario.ts";
import { sharedUrl } from "../../testing/e2e/srt_senders.ts";
import { askStat, counts, metricsOf, NO_SESSION } from "../../testing/e2e/stat_request.ts";

scenario("statistics over HTTP, with nobody on air and with two who are", async (t) => {
  await using server = await EchoServer.start();
  const ask = (path: string) => askStat(server, path);
  const health = await until("the statistics server answers", () => {
    return fetch(`http://127.0.0.1:${server.statPort}/health`).catch(() => undefined);
  });

  await t.step("a health check is answered with nothing", async () => {
    assert.deepEqual([health.status, await health.text()], [200, ""]);
  });

  await t.step("load and memory", async () => {
    const [status, usage] = await ask("/stat/1/sysusage");
    const { load, memory, ...rest } = usage as { load: Record<string, number>; memory: number };
    assert.deepEqual([status, Object.keys(load), rest], [200, ["one", "five", "fifteen"], {}]);
    assert.ok(Object.values(load).every((value) => value >= 0));
    assert.ok(memory > 0 && memory < 100);
  });

  await t.step("nobody is on air", async () => {
    assert.deepEqual(await ask("/stat/1/sessions"), [200, []]);
    const none = counts({ srt: 0, rtmp: 0 }, 0, 0);
    assert.deepEqual(await ask("/stat/1/sessions/count"), [200, none]);
    assert.deepEqual(await ask("/stat/1/sessions/count/input"), [200, none.input]);
  });

  await t.step("there is no such session, and nothing else there", async () => {
    for (const id of ["1", "0", "-1", "1e3", "x", "9".repeat(20)]) {
      assert.deepEqual(await ask(`/stat/1/sessions/${id}`), NO_SESSION);
    }
    for (const path of ["/stat/1", "/stat/2/sessions", "/stat/1/sessions/count/output"]) {
      assert.deepEqual(await ask(path), [404, { code: 404, message: "not found" }]);
    }
  });

  await t.step("Prometheus is content with what it gets", async () => {
    await assertGoodMetrics(server);
    await using media = await Media.create();
    const clip = await media.encode("clip", { seconds: 60 });
    await using _rtmp = new Encoder(clip, server.rtmpUrl("live/talk"));
    await using srt = new Encoder(clip, sharedUrl(server, "publish:radio"));
    const value = (name: string) => metricOf(server, name);
    await until("both are on air", async () => {
      return await value('echo_sessions{protocol="rtmp",state="publishing"}') === 1 &&
        await value('echo_sessions{protocol="srt",state="publishing"}') === 1 &&
        await value("echo_recordings") === 2;
    });
    await until("a listener gets a playlist", async () => {
      const response = await fetch(server.playlistUrl("talk"));
      await response.body?.cancel();
      return response.ok;
    });
    await assertGoodMetrics(server);
    assert.ok(await value("echo_input_bytes_total") > await value("echo_input_frames_total"));
    assert.equal(await value("echo_srt_connections"), 1);
    assert.ok(await value("echo_recorded_bytes_total") > 0);
    assert.ok(await value("echo_hls_segment_lateness_seconds_count") > 0);
    await until("the listener's request is counted", async () => {
      return await value('echo_http_request_duration_seconds_count{kind="playlist",status="2xx"}');
    });
    const packets = await value("echo_srt_received_packets_total");
    assert.ok(packets > 0);
    await srt.stop("SIGINT");
    await until("SRT is gone", async () => await value("echo_srt_connections") === 0);
    assert.ok(await value("echo_srt_received_packets_total") >= packets, "a counter went back");
  });
});

async function assertGoodMetrics(server: EchoServer): Promise<void> {
  const verdict = await promtool(["check", "metrics"], await metricsOf(server));
  assert.deepEqual(verdict, { ok: true, output: "" });
}

/** A sample's value; `NaN` where there is none. */
async function metricOf(server: EchoServer, sample: string): Promise<number> {
  const line = (await metricsOf(server)).split("\n").find((line) => line.startsWith(`${sample} `));
  return Number(line?.slice(sample.length) ?? NaN);
}
