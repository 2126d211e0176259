/** When a drain is over. */
import assert from "node:assert/strict";
import { drain } from "../../src/session/drain.ts";
import { FakeClock } from "../../testing/fake_clock.ts";

/** A drain of up to a minute, and how it stands. */
function begin(broadcasts: number) {
  const clock = new FakeClock();
  const patience = new AbortController();
  const state = { left: broadcasts, refused: 0, over: false };
  drain({
    clock,
    sessions: { sessions: [] },
    begin: () => void state.refused++,
    left: () => state.left,
    timeoutMs: 60_000,
    signal: patience.signal,
  }).then(() => state.over = true);
  return { clock, patience, state };
}

Deno.test("where nothing is on air, there is nothing to wait for", async () => {
  const { clock, state } = begin(0);
  await clock.advance(0);
  assert.deepEqual(state, { left: 0, refused: 1, over: true });
  assert.equal(clock.timerCount, 0);
});

Deno.test("a drain is over when the last broadcast is", async () => {
  const { clock, state } = begin(2);
  await clock.advance(10_000);
  state.left = 1;
  await clock.advance(10_000);
  assert.ok(!state.over);
  state.left = 0;
  await clock.advance(1000);
  assert.ok(state.over);
  assert.equal(clock.timerCount, 0);
});

Deno.test("a drain is over when its time is up, whatever is left", async () => {
  const { clock, state } = begin(1);
  await clock.advance(59_999);
  assert.ok(!state.over);
  await clock.advance(1);
  assert.ok(state.over);
  assert.equal(clock.timerCount, 0);
});

Deno.test("a drain counts no time in which the server stood still", async () => {
  const { clock, state } = begin(1);
  await clock.advance(50_000);
  clock.standStill(12_000);
  await clock.advance(5000);
  assert.ok(!state.over);
  state.left = 0;
  await clock.advance(1000);
  assert.ok(state.over);
});

Deno.test("whoever loses patience ends a drain at once", async () => {
  const { clock, patience, state } = begin(1);
  await clock.advance(1000);
  patience.abort();
  await clock.advance(0);
  assert.ok(state.over);
  assert.equal(clock.timerCount, 0);
});
