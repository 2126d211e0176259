/** A moment that is told in wall time and measured on a clock that nobody sets. */
import assert from "node:assert/strict";
import { Moment } from "../../src/session/moment.ts";
import { FakeClock } from "../../testing/fake_clock.ts";

Deno.test("a moment is told the same each time, though a clock's last millisecond wavers", () => {
  const clock = new FakeClock();
  const start = clock.now();
  const moment = new Moment(clock);
  for (const waver of [1, -1, 0]) {
    clock.advanceSync(10_000);
    clock.setWall(start + clock.monotonic() + waver);
    assert.equal(moment.wallMs, start);
  }
});

Deno.test("a moment moves with a clock that is set, so that the time since is right", () => {
  const clock = new FakeClock();
  const moment = new Moment(clock);
  clock.advanceSync(10_000);
  for (const step of [-3_600_000, 3_600_000, 60_000, -5000]) {
    clock.setWall(clock.now() + step);
    assert.equal(clock.now() - moment.wallMs, 10_000);
  }
});
