/** The life of a presentation: which state follows which, and when it is over. */
import assert from "node:assert/strict";
import { Life, type LifeState } from "../../src/hls/life.ts";
import { FakeClock } from "../../testing/fake_clock.ts";

/** A life that has gone through `states`. */
function lifeOf(...states: readonly LifeState[]): Life {
  const life = new Life();
  for (const state of states) life.move(state);
  return life;
}

function grace(clock = new FakeClock(), onOver = () => {}): LifeState {
  return { phase: "grace", timer: clock.after(10_000, onOver) };
}

Deno.test("a presentation is live until a goodbye or its end, and may be live again after both", () => {
  const life = lifeOf(grace(), { phase: "live" }, grace(), { phase: "ending" }, { phase: "live" });
  assert.equal(life.state.phase, "live");
  life.move({ phase: "ending" });
  life.move({ phase: "ended" });
  life.move({ phase: "live" });
  assert.equal(life.state.phase, "live");
});

Deno.test("nothing follows what is gone, and nothing is gone whose end was not told", () => {
  const live: LifeState = { phase: "live" };
  const ending: LifeState = { phase: "ending" };
  const gone: LifeState = { phase: "gone" };
  assert.throws(() => lifeOf(gone).move(live), /live does not follow gone/);
  assert.throws(() => lifeOf(ending).move(gone), /gone does not follow ending/);
  assert.throws(() => lifeOf(ending).move(grace()), /grace does not follow ending/);
  assert.throws(() => lifeOf(grace()).move(gone), /gone does not follow grace/);
});

Deno.test("what another box goes on with is never live again, but goes in its time", () => {
  const elsewhere: LifeState = { phase: "elsewhere", goesAt: 50 };
  const ended: LifeState = { phase: "ended" };
  for (const before of [[grace()], [{ phase: "ending" }], [{ phase: "ending" }, ended]] as const) {
    const life = lifeOf(...before, elsewhere);
    assert.throws(() => life.move({ phase: "live" }), /live does not follow elsewhere/);
    assert.deepEqual([life.isOver(49), life.isOver(50)], [false, true]);
    life.move({ phase: "gone" });
  }
});

Deno.test("whoever comes back within the grace is not ended by its timer", async () => {
  const clock = new FakeClock();
  lifeOf(grace(clock, () => assert.fail("it was ended")), { phase: "live" });
  await clock.advance(20_000);
  assert.equal(clock.timerCount, 0);
});

Deno.test("it is over at its time, and never where it has none", () => {
  assert.equal(lifeOf({ phase: "live", goesAt: 100 }).isOver(99), false);
  assert.equal(lifeOf({ phase: "live", goesAt: 100 }).isOver(100), true);
  assert.equal(lifeOf({ phase: "live", goesAt: 100 }, { phase: "live" }).isOver(1e9), false);
  assert.equal(lifeOf({ phase: "ended" }).isOver(1e9), false);
  assert.equal(lifeOf({ phase: "ended" }, { phase: "ended", goesAt: 5 }).isOver(5), true);
});
