/**
 * The Grafana dashboard and the alerts that come with Echo: they fit its metrics, and raise what
 * they should.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { withMetrics } from "../../../testing/stat/metrics_samples.ts";
import { promtool } from "../../../testing/stat/promtool.ts";

const DASHBOARD = scriptsPath("grafana-dashboard.json");
const ALERTS = scriptsPath("prometheus-alerts.yml");

/** What Prometheus itself knows of everything it collects. */
const PROMETHEUS_OWN = ["up"];

/** What Grafana puts in the place of its variables. */
const VARIABLES: ReadonlyMap<string, string> = new Map([
  ["$__rate_interval", "1m"],
  ["$instance", ".*"],
]);

/** What operators see of trouble on Echo's own dashboard, and the alert of each. */
const TROUBLES = {
  "a paused broadcast": "EchoPaused",
  "a fallback that is heard": "EchoFallback",
  "a broadcast without sound": "EchoDeadAir",
  "a session that waits": "EchoWaiting",
  "late segments": "EchoSegmentsLate",
  "losses of SRT": "EchoSrtLoss",
  "losses of any input": "EchoInputLoss",
  "input that cannot be read": "EchoInputBad",
  "a disk that is nearly full": "EchoDiskNearlyFull",
  "a recording that fails": "EchoRecordingFails",
  "a hook server that takes nothing": "EchoHookFails",
  "a part that is degraded": "EchoDegraded",
};

Deno.test("the dashboard shows only metrics that there are, in expressions that Prometheus takes", async () => {
  const expressions = await dashboardExpressions();
  assert.ok(expressions.length > 40);
  assertKnown(expressions, await metricNames());
  const rules = expressions.map((expr, i) => ({ record: `panel_${i}`, expr }));
  await withFile(JSON.stringify({ groups: [{ name: "dashboard", rules }] }), async (file) => {
    const { ok, output } = await promtool(["check", "rules", file]);
    assert.ok(ok, output);
  });
});

Deno.test("every metric is on the dashboard", async () => {
  const shown = (await dashboardExpressions()).join("\n");
  const missing = [...await metricNames()].filter((name) => !shown.includes(name));
  assert.deepEqual(missing, ["echo_build_info"]);
});

Deno.test("the dashboard's panels and queries have ids and places of their own", async () => {
  const { panels } = JSON.parse(await Deno.readTextFile(DASHBOARD));
  const ids = new Set<number>();
  const cells = new Set<string>();
  for (const { id, gridPos: { x, y, w, h } } of panels) {
    ids.add(id);
    assert.ok(x + w <= 24);
    for (let column = x; column < x + w; column++) {
      for (let row = y; row < y + h; row++) {
        assert.ok(!cells.has(`${column},${row}`), `panel ${id} overlaps another`);
        cells.add(`${column},${row}`);
      }
    }
  }
  assert.equal(ids.size, panels.length);
});

Deno.test("alerts are about metrics that there are, in rules that Prometheus takes", async () => {
  const { ok, output } = await promtool(["check", "rules", ALERTS]);
  assert.ok(ok, output);
  const { groups: [{ rules }] } = parse(await Deno.readTextFile(ALERTS));
  assertKnown(rules.map(({ expr }: { expr: string }) => expr), await metricNames());
});

Deno.test("each alert is raised by what it is about, and none by an ordinary evening", async () => {
  const histogram = (name: string, late: string) => [
    { series: `${name}_bucket{job="echo",instance="a",le="0.25"}`, values: "0+1x30" },
    { series: `${name}_bucket{job="echo",instance="a",le="1"}`, values: `0${late}x30` },
    { series: `${name}_bucket{job="echo",instance="a",le="+Inf"}`, values: `0${late}x30` },
  ];
  const series = (name: string, values: string, labels = "") => {
    return { series: `${name}{job="echo",instance="a"${labels}}`, values };
  };
  const lateness = "echo_hls_segment_lateness_seconds";
  const lag = "echo_event_loop_lag_seconds";
  const requests = "echo_http_request_duration_seconds_count";
  const recordError = ',event="record-error"';
  const restarts = ',listener="hls"';
  const full = ',server="hls",reason="full"';
  const calm = [
    series("up", "1+0x30"),
    series("process_start_time_seconds", "1000+0x30"),
    series("echo_disk_free_bytes", "50+0x30", ',folder="hls"'),
    series("echo_disk_size_bytes", "100+0x30", ',folder="hls"'),
    series("echo_session_events_total", "0+0x30", recordError),
    series("echo_problems", "0+0x30"),
    series("echo_tls_certificate_expiry_seconds", "2000000-60x30"),
    series("echo_listener_restarts_total", "0+0x30", restarts),
    ...histogram(lateness, "+1"),
    ...histogram(lag, "+1"),
    series("echo_srt_received_packets_total", "0+1000x30"),
    series("echo_srt_dropped_packets_total", "0+1x30"),
    series(requests, "0+1000x30", ',kind="segment",status="2xx"'),
    series(requests, "0+1x30", ',kind="segment",status="5xx"'),
    series("echo_hook_dropped_total", "0+0x30"),
    // The DJ of one show is away for a moment, and another one is late by a few minutes.
    series("echo_sessions", "0+0x10 1 0+0x20", ',protocol="rtmp",state="paused"'),
    series("echo_sessions", "0+0x24 1+0x5", ',protocol="srt",state="ready"'),
    // It is quiet before the show begins.
    series("echo_dead_air", "1 0+0x29"),
    series("echo_input_frames_total", "0+1000x30"),
    series("echo_input_dropped_total", "0+1x30"),
    series("echo_input_bad_total", "0+1x30"),
    series("echo_hook_queued", "0+0x10 1 0+0x20"),
    series("echo_hook_failures_total", "0+0x10 1+0x20"),
    series("echo_storage_waiting_seconds", "0+60x15 0+0x15"),
    series("echo_http_refused_total", "0+1x30", full),
    series("echo_http_thread_lag_seconds", "0.1+0x30"),
    // A box is upgraded.
    series("echo_fleet_boxes", "3+0x10 2 3+0x20", ',state="open"'),
    // Redis is restarted.
    series("echo_fleet_joined", "1+0x10 0 1+0x20"),
  ];
  const troubles: Record<string, typeof calm> = {
    EchoDown: [series("up", "1+0x10 0+0x20")],
    EchoRestarts: [series("process_start_time_seconds", "1000+1x30")],
    EchoDegraded: [series("echo_problems", "0+0x10 1+0x20")],
    EchoCertificateExpires: [
      series("echo_tls_certificate_expiry_seconds", "1210000-60x30"),
    ],
    EchoListenerRestarts: [series("echo_listener_restarts_total", "0+0x20 1+0x10", restarts)],
    EchoDiskNearlyFull: [series("echo_disk_free_bytes", "50-2x22 5+0x8", ',folder="hls"')],
    EchoRecordingFails: [series("echo_session_events_total", "0+0x20 1+0x10", recordError)],
    EchoSegmentsLate: histogram(lateness, "+2"),
    EchoEventLoopLag: histogram(lag, "+2"),
    EchoSrtLoss: [series("echo_srt_dropped_packets_total", "0+20x30")],
    EchoRequestsFail: [series(requests, "0+50x30", ',kind="segment",status="5xx"')],
    EchoHookDrops: [series("echo_hook_dropped_total", "0+0x20 1+0x10")],
    EchoHookFails: [
      series("echo_hook_queued", "0+0x10 1+1x20"),
      series("echo_hook_failures_total", "0+0x10 1+1x20"),
    ],
    EchoStorageBehind: [series("echo_storage_waiting_seconds", "1500+60x30")],
    EchoPaused: [series("echo_sessions", "0+0x10 1+0x20", ',protocol="rtmp",state="paused"')],
    EchoFallback: [series("echo_fallback_sessions", "0+0x10 1+0x20")],
    EchoDeadAir: [series("echo_dead_air", "0+0x10 1+0x20")],
    EchoWaiting: [series("echo_sessions", "0+0x10 1+0x20", ',protocol="srt",state="ready"')],
    EchoInputLoss: [series("echo_input_dropped_total", "0+20x30")],
    EchoInputBad: [series("echo_input_bad_total", "0+20x30")],
    EchoListenersRefused: [series("echo_http_refused_total", "0+20x30", full)],
    EchoThreadLag: [series("echo_http_thread_lag_seconds", "0.1+0x10 2+0x20")],
    EchoFleetApart: [series("echo_fleet_joined", "1+0x10 0+0x20")],
    EchoFleetBoxGone: [series("echo_fleet_boxes", "3+0x10 2+0x20", ',state="open"')],
  };
  const alerts = await alertNames();
  assert.deepEqual(Object.keys(troubles).sort(), alerts.toSorted());

  const tests = ["", ...alerts].map((trouble) => {
    const other = troubles[trouble] ?? [];
    const changed = new Set(other.map(({ series }) => series));
    return {
      name: trouble,
      interval: "1m",
      input_series: [...calm.filter(({ series }) => !changed.has(series)), ...other],
      // Which are raised, and not what they say.
      promql_expr_test: [{
        expr: 'count by (alertname) (ALERTS{alertstate="firing"})',
        eval_time: "30m",
        exp_samples: trouble === "" ? [] : [{ labels: `{alertname="${trouble}"}`, value: 1 }],
      }],
    };
  });
  const text = JSON.stringify({ rule_files: [ALERTS], evaluation_interval: "1m", tests });
  await withFile(text, async (file) => {
    const { ok, output } = await promtool(["test", "rules", file]);
    assert.ok(ok, output);
  });
});

Deno.test("every trouble that the dashboard tells of has an alert", async () => {
  const alerts = await alertNames();
  const missing = Object.entries(TROUBLES).filter(([, alert]) => !alerts.includes(alert));
  assert.deepEqual(missing, []);
});

Deno.test("docs/operations.md says of each alert what to do", async () => {
  const operations = new URL("../../../docs/operations.md", import.meta.url);
  const rows = (await Deno.readTextFile(operations)).matchAll(
    /^\| `(Echo\w+)` +\|.*\| *(\S.*) \|$/gm,
  );
  const told = [...rows].map(([, alert]) => alert);
  assert.deepEqual(told.toSorted(), (await alertNames()).toSorted());
});

function scriptsPath(file: string): string {
  return fileURLToPath(new URL(`../../../scripts/${file}`, import.meta.url));
}

/** The expressions of all panels, with Grafana's variables filled in. */
async function dashboardExpressions(): Promise<string[]> {
  const { panels } = JSON.parse(await Deno.readTextFile(DASHBOARD));
  const expressions: string[] = panels.flatMap((panel: { targets?: { expr: string }[] }) =>
    (panel.targets ?? []).map(({ expr }) => expr)
  );
  return expressions.map((expr) => {
    return expr.replace(/\$\w+/g, (variable) => {
      const value = VARIABLES.get(variable);
      assert.ok(value !== undefined, `${variable} is not known`);
      return value;
    });
  });
}

async function metricNames(): Promise<Set<string>> {
  const names = new Set<string>();
  await withMetrics({}, async (metrics) => {
    for (const [, name = ""] of (await metrics.render()).matchAll(/^# TYPE (\w+)/gm)) {
      names.add(name);
    }
  });
  return names;
}

function assertKnown(expressions: readonly string[], names: ReadonlySet<string>): void {
  const used = expressions.flatMap((expr) => {
    return [...expr.matchAll(/\b(?:echo|process)_\w+|\b\w+(?=\{)/g)].map(([name]) => name);
  });
  const unknown = used.map((name) => name.replace(/_(bucket|sum|count)$/, "")).filter((name) => {
    return !names.has(name) && !PROMETHEUS_OWN.includes(name);
  });
  assert.deepEqual(unknown, []);
}

async function alertNames(): Promise<string[]> {
  const { groups: [{ rules }] } = parse(await Deno.readTextFile(ALERTS));
  return rules.map(({ alert }: { alert: string }) => alert);
}

async function withFile(text: string, test: (file: string) => Promise<void>): Promise<void> {
  const file = await Deno.makeTempFile({ suffix: ".yml" });
  try {
    await Deno.writeTextFile(file, text);
    await test(file);
  } finally {
    await Deno.remove(file);
  }
}
