/** The metrics of recordings. */
import assert from "node:assert/strict";
import { Registry } from "prom-client";
import { EventBus } from "../../../src/session/events.ts";
import { registerRecordMetrics } from "../../../src/stat/metrics/record_metrics.ts";

Deno.test("the playing time of many recordings is their sum to the millisecond", async () => {
  const registry = new Registry();
  const events = new EventBus();
  const figures = { active: () => 0, writtenBytes: () => 0 };
  const stop = registerRecordMetrics(registry, events, figures);
  const session = { id: 1, name: "demo", protocol: "rtmp", props: {}, at: 0 } as const;
  for (const durationMs of [9003, 13_995, 2560, 4949]) {
    events.emit({ ...session, kind: "record-complete", path: "a", part: "b", durationMs });
  }
  stop();
  assert.match(await registry.metrics(), /^echo_recorded_seconds_total 30\.507$/m);
});
