/** The load of the process, measured between two readings. */
import assert from "node:assert/strict";
import { LoadMeter } from "../../../src/stat/metrics/load_meter.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { until } from "../../../testing/until.ts";

Deno.test("each reading is of what was measured since the one before", () => {
  const clock = new FakeClock();
  const meter = new LoadMeter(clock);
  for (const lateMs of [1, 6, 2]) meter.timerFired(lateMs);
  meter.segmentListed(100);
  clock.advanceSync(1000);
  const first = meter.read();
  assert.equal(first.eventLoopLagMs, 6);
  assert.equal(first.segmentLatenessMs, 100);
  assert.ok(first.memoryBytes > 1e6);
  meter.timerFired(4);
  const second = meter.read();
  assert.equal(second.eventLoopLagMs, 4);
  assert.equal(second.segmentLatenessMs, 0);
});

Deno.test("time on processors is of the time since the reading before", async () => {
  const clock = new FakeClock();
  const meter = new LoadMeter(clock);
  assert.equal(meter.read().processors, 0, "no time has passed");
  await until("the process has done something", () => {
    clock.advanceSync(1);
    return meter.read().processors > 0;
  });
});
