/** The metrics that Prometheus gets: what each counts, and that none goes back. */
import assert from "node:assert/strict";
import { sessionEvent } from "../../../src/session/events.ts";
import type { Audience } from "../../../src/stat/audience.ts";
import { until } from "../../../testing/until.ts";
import { House } from "../../../testing/stat/house.ts";
import { samplesOf, withMetrics } from "../../../testing/stat/metrics_samples.ts";
import { promtool } from "../../../testing/stat/promtool.ts";

const STATISTICS = {
  packetsReceived: 1000,
  bytesReceived: 1_000_000,
  packetsLost: 20,
  packetsRetransmitted: 15,
  packetsDropped: 5,
  packetsBelated: 1,
  roundTripMs: 20,
};

Deno.test("sessions are counted by protocol and state", async () => {
  using house = new House();
  await withMetrics({ house }, async (metrics) => {
    house.sessions.reserve({ name: "a", protocol: "srt", address: "192.0.2.1", props: {} });
    const [b, c] = [house.publish("b", "rtmp"), house.publish("c", "rtmp")];
    house.play(2, b, c);
    b.end("lost");
    const samples = await samplesOf(metrics);
    const states = [...samples].filter(([name, value]) =>
      /^echo_sessions\{/.test(name) && value > 0
    );
    assert.deepEqual(states, [
      ['echo_sessions{protocol="srt",state="ready"}', 1],
      ['echo_sessions{protocol="rtmp",state="publishing"}', 1],
      ['echo_sessions{protocol="rtmp",state="paused"}', 1],
    ]);
    assert.equal(samples.get('echo_sessions{protocol="srt",state="publishing"}'), 0);
    assert.equal(samples.get("echo_recordings"), 2);
    assert.equal(samples.get('echo_session_events_total{event="create"}'), 2);
    assert.equal(samples.get('echo_session_events_total{event="pause"}'), 1);
  });
});

Deno.test("frames are counted over live and ended sessions, and never fewer than before", async () => {
  using house = new House();
  await withMetrics({ house }, async (metrics) => {
    const names = [
      "echo_input_bytes_total",
      "echo_input_frames_total",
      "echo_filler_frames_total",
      "echo_input_dropped_total",
      "echo_input_bad_total",
    ];
    const read = async () => {
      const samples = await samplesOf(metrics);
      return names.map((name) => samples.get(name));
    };
    const first = house.publish("a", "rtmp");
    house.play(3.2, first);
    first.bad(2);
    first.dropped(3);
    assert.deepEqual(await read(), [10_000, 100, 0, 3, 2]);
    first.lost(4);
    first.end("finished");
    assert.deepEqual(await read(), [10_000, 100, 4, 3, 2]);
    house.play(1.6, house.publish("a", "srt"), house.publish("b", "srt"));
    assert.deepEqual(await read(), [20_000, 200, 4, 3, 2]);
    house.play(60);
    assert.deepEqual(await read(), [20_000, 200, 4, 3, 2]);
  });
});

Deno.test("a box tells how it stands to its fleet, and nothing where it is alone", async () => {
  const boxes = { open: 2, draining: 1 };
  const segments = { told: 30, asked: 3 };
  const figures = {
    isJoined: false,
    beatAgeMs: 2500,
    registryErrors: 4,
    boxes,
    names: 7,
    segments,
  };
  const fleetOf = (samples: ReadonlyMap<string, number>) => {
    return Object.fromEntries([...samples].filter(([name]) => name.startsWith("echo_fleet_")));
  };
  await withMetrics({ fleet: () => figures }, async (metrics) => {
    assert.deepEqual(fleetOf(await samplesOf(metrics)), {
      echo_fleet_joined: 0,
      echo_fleet_beat_age_seconds: 2.5,
      'echo_fleet_boxes{state="open"}': 2,
      'echo_fleet_boxes{state="draining"}': 1,
      echo_fleet_names: 7,
      'echo_fleet_segments_total{how="told"}': 30,
      'echo_fleet_segments_total{how="asked"}': 3,
      echo_fleet_registry_errors_total: 4,
    });
  });
  await withMetrics({}, async (metrics) => {
    assert.deepEqual(fleetOf(await samplesOf(metrics)), { echo_fleet_registry_errors_total: 0 });
  });
});

Deno.test("a thousand sessions make no more time series than ten, but for names, 100 at most", async () => {
  const series = async (sessions: number) => {
    using house = new House();
    const names = Array.from({ length: sessions }, (_, i) => `name-${i}`);
    const audience: Audience = {
      total: sessions * (sessions + 1) / 2,
      streaming: 0,
      byName: () => names.map((name, i) => [name, i + 1] as const),
    };
    let found: string[] = [];
    const folders = { record: "/" };
    const publishers = names.map(() => ({ statistics: STATISTICS }));
    const srt = () => ({ publishers, ended: STATISTICS, failedHandshakes: 0 });
    await withMetrics({ house, audience, folders, srt }, async (metrics) => {
      const ingests = names.map((name, i) => house.publish(name, i % 2 === 0 ? "srt" : "rtmp"));
      house.play(0.032, ...ingests);
      house.clock.advanceSync(10_000);
      for (const [i, ingest] of ingests.entries()) {
        if (i % 2 === 0) ingest.end("finished");
        metrics.segmentListed(i);
        for (const kind of ["playlist", "segment", "hls", "control", "stat"]) {
          for (const status of [200, 302, 404, 500]) {
            metrics.requestDurations.observe(kind, status, i);
          }
        }
      }
      let samples = new Map<string, number>();
      await until("the disks have been looked at", async () => {
        samples = await samplesOf(metrics);
        return samples.has('echo_disk_size_bytes{folder="record"}');
      });
      assert.equal(samples.get("echo_listeners"), audience.total);
      found = [...samples.keys()];
    });
    return found;
  };
  const few = await series(10);
  const many = await series(1000);
  assert.ok(many.length > 300 && many.length <= 500, `${many.length} time series`);
  const isNamed = (sample: string) => sample.includes("name=");
  assert.deepEqual(many.filter((sample) => !isNamed(sample)), few.filter((s) => !isNamed(s)));
  assert.equal(few.filter(isNamed).length, 10);
  assert.deepEqual(
    many.filter(isNamed),
    Array.from({ length: 100 }, (_, i) => `echo_name_listeners{name="name-${999 - i}"}`),
  );
});

Deno.test("what libsrt counts is summed up, and never less than before where connections end", async () => {
  const { roundTripMs: _, ...ended } = STATISTICS;
  const links = { publishers: [{ statistics: STATISTICS }], ended, failedHandshakes: 3 };
  using house = new House();
  await withMetrics({ house, srt: () => links }, async (metrics) => {
    house.clock.advanceSync(10_000);
    const samples = await samplesOf(metrics);
    assert.equal(samples.get("echo_srt_connections"), 1);
    assert.equal(samples.get("echo_srt_failed_handshakes_total"), 3);
    assert.equal(samples.get("echo_srt_received_packets_total"), 2000);
    assert.equal(samples.get("echo_srt_received_bytes_total"), 2_000_000);
    assert.equal(samples.get("echo_srt_lost_packets_total"), 40);
    assert.equal(samples.get("echo_srt_retransmitted_packets_total"), 30);
    assert.equal(samples.get("echo_srt_dropped_packets_total"), 10);
    assert.equal(samples.get("echo_srt_belated_packets_total"), 2);
    assert.equal(samples.get("echo_srt_round_trip_seconds_count"), 2);
    assert.equal(samples.get('echo_srt_round_trip_seconds_bucket{le="0.025"}'), 2);
    assert.equal(samples.get('echo_srt_round_trip_seconds_bucket{le="0.01"}'), 0);
    links.publishers = [];
    links.ended = { ...ended, packetsReceived: 2001 };
    const later = await samplesOf(metrics);
    assert.equal(later.get("echo_srt_connections"), 0);
    assert.equal(later.get("echo_srt_received_packets_total"), 2001);
  });
});

Deno.test("what became of webhooks' events is told, and nothing where there are none", async () => {
  const hook = () => ({ delivered: 4, failed: 3, dropped: 2, queued: 1 });
  for (const [setup, expected] of [[{ hook }, [4, 3, 2, 1]], [{}, [0, 0, 0, 0]]] as const) {
    await withMetrics(setup, async (metrics) => {
      const samples = await samplesOf(metrics);
      const names = ["delivered_total", "failures_total", "dropped_total", "queued"];
      assert.deepEqual(names.map((name) => samples.get(`echo_hook_${name}`)), expected);
    });
  }
});

Deno.test("what goes to the bucket and waits for it is told, and nothing where there is none", async () => {
  const uploads = () => ({
    ...{ sentBytes: 1, storedRecordings: 2, failures: 3 },
    ...{ waitingBytes: 4, waitingRecordings: 5, waitingMs: 6000 },
  });
  for (
    const [setup, expected] of [[{ uploads }, [1, 2, 3, 4, 5, 6]], [{}, [
      0,
      0,
      0,
      0,
      0,
      0,
    ]]] as const
  ) {
    await withMetrics(setup, async (metrics) => {
      const samples = await samplesOf(metrics);
      const names = [
        ...["sent_bytes_total", "recordings_total", "failures_total"],
        ...["waiting_bytes", "waiting_recordings", "waiting_seconds"],
      ];
      assert.deepEqual(names.map((name) => samples.get(`echo_storage_${name}`)), expected);
    });
  }
});

Deno.test("segments, requests and recordings are measured", async () => {
  using house = new House();
  await withMetrics({ house }, async (metrics) => {
    metrics.segmentListed(0);
    metrics.segmentListed(300);
    metrics.requestDurations.observe("playlist", 200, 2);
    metrics.requestDurations.observe("playlist", 206, 2);
    metrics.requestDurations.observe("playlist", 404, 2);
    const session = { id: 1, name: "a", protocol: "srt" as const, props: {} };
    for (const durationMs of [1500, 2000]) {
      const details = { path: "a.mp4", part: "a.part", durationMs };
      house.events.emit(sessionEvent(session, "record-complete", 0, details));
    }
    const samples = await samplesOf(metrics);
    const segments = "echo_hls_segment_lateness_seconds";
    assert.equal(samples.get(`${segments}_count`), 2);
    assert.equal(samples.get(`${segments}_sum`), 0.3);
    assert.equal(samples.get(`${segments}_bucket{le="0.25"}`), 1);
    const requests = "echo_http_request_duration_seconds_count";
    assert.equal(samples.get(`${requests}{kind="playlist",status="2xx"}`), 2);
    assert.equal(samples.get(`${requests}{kind="playlist",status="4xx"}`), 1);
    assert.equal(samples.get("echo_recorded_seconds_total"), 3.5);
    assert.equal(samples.get("echo_recorded_bytes_total"), 12_345);
  });
});

Deno.test("process, disk and event loop are looked after", async () => {
  using house = new House();
  const folder = await Deno.makeTempDir();
  const folders = { here: folder, "not yet": `${folder}/a/b` };
  await withMetrics({ house, folders }, async (metrics) => {
    let samples = new Map<string, number>();
    await until("the disks have been looked at", async () => {
      samples = await samplesOf(metrics);
      return samples.has('echo_disk_free_bytes{folder="here"}') &&
        samples.has('echo_disk_free_bytes{folder="not yet"}');
    });
    const free = samples.get('echo_disk_free_bytes{folder="here"}') ?? 0;
    assert.ok(free > 0 && free <= (samples.get('echo_disk_size_bytes{folder="here"}') ?? 0));
    assert.ok((samples.get("process_resident_memory_bytes") ?? 0) > 1e6);
    assert.ok((samples.get("process_cpu_seconds_total") ?? 0) > 0);
    assert.ok((samples.get("process_start_time_seconds") ?? 0) > 1e9);
    house.clock.advanceSync(1000);
    samples = await samplesOf(metrics);
    assert.equal(samples.get("echo_event_loop_lag_seconds_count"), 2);
    assert.equal(samples.get("echo_event_loop_lag_seconds_sum"), 0);
    assert.ok([...samples.keys()].some((name) => name.startsWith("echo_build_info{version=")));
  });
  await Deno.remove(folder);
});

Deno.test("every metric has a type, a help text and a name as Prometheus wants it", async () => {
  using house = new House();
  await withMetrics({ house }, async (metrics) => {
    metrics.requestDurations.observe("segment", 200, 1);
    assert.equal(metrics.contentType, "text/plain; version=0.0.4; charset=utf-8");
    const types = new Map<string, string>();
    for (const line of (await metrics.render()).split("\n").filter((line) => line !== "")) {
      const [, kind, name = "", rest = ""] = /^# (HELP|TYPE) ([a-z_]+) (.+)$/.exec(line) ?? [];
      if (kind === "TYPE") types.set(name, rest);
      else if (kind === undefined) {
        assert.match(line, /^[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [\d.e+-]+$/);
        const metric = line.replace(/[{ ].*$/, "").replace(/_(bucket|sum|count)$/, "");
        assert.ok(types.has(metric), line);
      }
    }
    for (const [name, type] of types) {
      assert.equal(name.endsWith("_total"), type === "counter", name);
      assert.match(name, /^(echo|process)_/);
    }
    assert.equal(types.size, 60);
    assert.deepEqual(await promtool(["check", "metrics"], await metrics.render()), {
      ok: true,
      output: "",
    });
  });
});
