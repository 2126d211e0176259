/** How far ahead of real time a source is. */
import assert from "node:assert/strict";
import { Pace } from "../../src/session/pace.ts";

Deno.test("a source in real time is not ahead, whatever its crystal, burst or stall", () => {
  const pace = new Pace();
  const hour = 3_600_000;
  for (let now = 0; now < 48 * hour; now += 100) {
    pace.arrived(now * 1.0001, now);
    assert.ok(Math.abs(pace.aheadMs(now)) < 50);
  }
  const now = 48 * hour;
  assert.ok(pace.aheadMs(now + 3000) < -2900, "in a stall it is behind");
  for (let i = 1; i <= 30; i++) pace.arrived(now * 1.0001 + i * 100, now + 3000);
  assert.ok(Math.abs(pace.aheadMs(now + 3000)) < 100, "and after the burst it is not ahead");
});

Deno.test("a file sent as fast as it goes is ahead by what it has sent, and time makes up for it", () => {
  const pace = new Pace();
  for (let sent = 0; sent <= 6000; sent += 20) pace.arrived(sent, 10 + sent / 1000);
  assert.ok(Math.abs(pace.aheadMs(16) - 6000) < 20);
  assert.ok(Math.abs(pace.aheadMs(2016) - 4000) < 20);
});

Deno.test("a new source begins anew", () => {
  const pace = new Pace();
  pace.arrived(0, 0);
  pace.arrived(60_000, 1);
  pace.restart();
  assert.equal(pace.aheadMs(2), 0);
  pace.arrived(60_000, 2);
  assert.equal(pace.aheadMs(2), 0);
});
