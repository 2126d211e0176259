/** What is told of how many listen to a session. */
import assert from "node:assert/strict";
import { SessionAudience } from "../../src/hls/session_audience.ts";
import { FakeClock } from "../../testing/fake_clock.ts";

Deno.test("a change of the audience is told at once, and the next a minute later at the earliest", () => {
  const clock = new FakeClock();
  let listeners = 0;
  const told: [atSeconds: number, listeners: number, peak: number][] = [];
  const audience = new SessionAudience(clock, () => listeners, (now, peak) => {
    told.push([clock.monotonic() / 1000, now, peak]);
  });
  for (let second = 0; second < 300; second++) {
    if (second === 10) listeners = 3;
    if (second === 20) listeners = 50;
    if (second === 40) listeners = 7;
    if (second === 150) listeners = 8;
    if (second === 160) listeners = 0;
    audience.update();
    clock.advanceSync(1000);
  }
  assert.deepEqual(told, [[10, 3, 3], [70, 7, 50], [150, 8, 50], [210, 0, 50]]);
  assert.equal(audience.peak, 50);
});

Deno.test("an empty audience is not told of", () => {
  const clock = new FakeClock();
  const audience = new SessionAudience(clock, () => 0, () => assert.fail("was told"));
  for (let i = 0; i < 5; i++) {
    audience.update();
    clock.advanceSync(100_000);
  }
  assert.equal(audience.peak, 0);
});
