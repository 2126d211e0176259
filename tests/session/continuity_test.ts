/** Who puts silence in, when and how much, while nobody sends. */
import assert from "node:assert/strict";
import { Continuity } from "../../src/session/continuity.ts";
import { FakeClock } from "../../testing/fake_clock.ts";

const HOLD_MS = 30_000;

/** A broadcast that is on air, and what its outputs got while no audio came. */
function setUp() {
  const clock = new FakeClock();
  const put: string[] = [];
  const at = (what: string) => put.push(`${clock.monotonic()} ${what}`);
  const heard = { at: clock.awake() };
  const continuity = new Continuity({
    clock,
    feed: {
      wait: (frames) => at(`${frames} silent`),
      catchUp: (mostMs) => at(`all of ${mostMs} ms`),
      cut: () => at("cut"),
      discontinuity: () => at("discontinuity"),
    },
    holdMs: HOLD_MS,
    silentForMs: () => clock.waited(heard.at),
  });
  continuity.goOn();
  return { clock, continuity, put };
}

Deno.test("an output gets the frames that are missing at the time that it said, once", async () => {
  const { clock, continuity, put } = setUp();
  const stateNeed = continuity.addOutput();
  let missing = 40;
  stateNeed({ at: 1250, frames: () => missing });
  await clock.advance(1249);
  missing = 12;
  assert.deepEqual(put, []);
  await clock.advance(10_000);
  assert.deepEqual(put, ["1250 12 silent"]);
  stateNeed({ at: clock.awake() - 1, frames: () => 3 });
  await clock.advance(0);
  assert.deepEqual(put, ["1250 12 silent", "11249 3 silent"], "what is overdue comes at once");
  continuity.end();
  assert.equal(clock.timerCount, 0);
});

Deno.test("what an output says counts instead of what it said before, until it takes it back", async () => {
  const { clock, continuity, put } = setUp();
  const stateNeed = continuity.addOutput();
  stateNeed({ at: 1000, frames: () => 1 });
  stateNeed({ at: 3000, frames: () => 2 });
  await clock.advance(2999);
  assert.deepEqual(put, []);
  stateNeed({ at: 4000, frames: () => 3 });
  await clock.advance(1001);
  assert.deepEqual(put, ["4000 3 silent"]);
  stateNeed({ at: 5000, frames: () => 4 });
  stateNeed(undefined);
  assert.equal(clock.timerCount, 0);
});

Deno.test("of several outputs the earliest need is met first, and each of them once", async () => {
  const { clock, continuity, put } = setUp();
  const [late, early, same] = [1, 2, 3].map(() => continuity.addOutput());
  late?.({ at: 2000, frames: () => 2 });
  early?.({ at: 1000, frames: () => 1 });
  same?.({ at: 1000, frames: () => 3 });
  assert.equal(clock.timerCount, 1);
  await clock.advance(5000);
  assert.deepEqual(put, ["1000 1 silent", "1000 3 silent", "2000 2 silent"]);
});

Deno.test("an output may state its next need while it gets what it needed", async () => {
  const clock = new FakeClock();
  const gotAt: number[] = [];
  const continuity = new Continuity({
    clock,
    feed: {
      wait: () => {
        gotAt.push(clock.monotonic());
        stateNeed({ at: clock.awake() + 1000, frames: () => 47 });
      },
      catchUp: () => {},
      cut: () => {},
      discontinuity: () => {},
    },
    holdMs: HOLD_MS,
    silentForMs: () => 0,
  });
  const stateNeed = continuity.addOutput();
  continuity.goOn();
  stateNeed({ at: 500, frames: () => 47 });
  await clock.advance(3000);
  assert.deepEqual(gotAt, [500, 1500, 2500]);
});

Deno.test("an output that can do without gets nothing", async () => {
  const { clock, continuity, put } = setUp();
  continuity.addOutput()({ at: 1000, frames: () => 0 });
  await clock.advance(5000);
  assert.deepEqual(put, []);
});

Deno.test("nothing is put in while audio may wait that arrived when the server stood still", async () => {
  const { clock, continuity, put } = setUp();
  const stateNeed = continuity.addOutput();
  stateNeed({ at: 1250, frames: () => 47 });
  await clock.advance(1200);
  clock.standStill(12_000);
  await clock.advance(20);
  assert.deepEqual(put, []);
  stateNeed({ at: clock.awake() + 1250, frames: () => 47 });
  await clock.advance(1000);
  assert.deepEqual(put, [], "audio came");
});

Deno.test("needs are met within the hold, not after it, and again once audio is back", async () => {
  const { clock, continuity, put } = setUp();
  const stateNeed = continuity.addOutput();
  const need = (at: number) => stateNeed({ at, frames: () => 47 });
  continuity.hold();
  need(29_000);
  await clock.advance(29_500);
  assert.equal(continuity.standsStill, false);
  need(31_000);
  await clock.advance(10_000);
  assert.equal(continuity.standsStill, true);
  continuity.goOn();
  assert.equal(continuity.standsStill, false);
  await clock.advance(10_000);
  need(clock.awake());
  await clock.advance(0);
  assert.deepEqual(put, [
    ...["29000 47 silent", "30000 discontinuity", "39500 cut", "49500 47 silent"],
  ]);
});

Deno.test("audio that is back in time ends the hold", async () => {
  const { clock, continuity, put } = setUp();
  continuity.hold();
  await clock.advance(29_999);
  continuity.goOn();
  await clock.advance(10_000);
  assert.deepEqual(put, []);
});

Deno.test("outputs without needs get what was missed when another connection comes, and at the end of the hold", async () => {
  const { clock, continuity, put } = setUp();
  continuity.addOutput();
  await clock.advance(12_000);
  continuity.catchUp();
  continuity.hold();
  await clock.advance(30_000);
  continuity.catchUp();
  assert.deepEqual(put, ["12000 all of 12000 ms", "42000 all of 42000 ms", "42000 discontinuity"]);
});

Deno.test("where an output has needs, nothing but these puts silence in", async () => {
  const { clock, continuity, put } = setUp();
  continuity.addOutput();
  const stateNeed = continuity.addOutput();
  stateNeed({ at: 1000, frames: () => 1 });
  await clock.advance(12_000);
  continuity.catchUp();
  continuity.hold();
  await clock.advance(30_000);
  assert.deepEqual(put, ["1000 1 silent", "42000 discontinuity"]);
});

Deno.test("when the last output with needs is gone, the others are caught up with again", async () => {
  const { clock, continuity, put } = setUp();
  const stateNeed = continuity.addOutput();
  stateNeed({ at: 1000, frames: () => 1 });
  stateNeed(undefined);
  await clock.advance(12_000);
  continuity.catchUp();
  assert.deepEqual(put, ["12000 all of 12000 ms"]);
});

Deno.test("before the first audio and after the end nothing is put in, and no timer runs", async () => {
  const clock = new FakeClock();
  const never = () => assert.fail("nothing is to be put in");
  const feed = { wait: never, catchUp: never, cut: never, discontinuity: never };
  const continuity = new Continuity({ clock, feed, holdMs: HOLD_MS, silentForMs: () => 0 });
  continuity.catchUp();
  continuity.goOn();
  const stateNeed = continuity.addOutput();
  stateNeed({ at: 1000, frames: () => 1 });
  continuity.hold();
  continuity.end();
  assert.equal(clock.timerCount, 0);
  stateNeed({ at: 2000, frames: () => 1 });
  assert.equal(clock.timerCount, 0);
  continuity.catchUp();
  await clock.advance(60_000);
});
