/** When the page gives low latency up, and when it tries it again. */
import assert from "node:assert/strict";
import { LowLatencyTrial } from "../../../src/pages/listener/low_latency_trial.js";

const MINUTE = 60;

/** A trial, and a clock in seconds. */
function begun() {
  let now = 0;
  const trial = new LowLatencyTrial(() => now * 1000);
  /** Seconds pass in which it plays. */
  const plays = (seconds: number) => {
    for (let i = 0; i < seconds; i++) {
      now++;
      trial.check();
    }
    return trial.isCarried;
  };
  const stalls = () => {
    trial.stalled();
    return trial.isCarried;
  };
  return { trial, plays, stalls };
}

Deno.test("two stalls within a minute, and the network does not carry low latency", () => {
  const { plays, stalls } = begun();
  assert.equal(stalls(), true);
  plays(59);
  assert.equal(stalls(), false);
});

Deno.test("stalls that are farther apart are put up with", () => {
  const { plays, stalls } = begun();
  for (let i = 0; i < 10; i++) {
    assert.equal(stalls(), true);
    plays(MINUTE + 1);
  }
});

Deno.test("after a smooth minute low latency is tried again", () => {
  const { plays, stalls } = begun();
  stalls();
  stalls();
  assert.equal(plays(59), false);
  assert.equal(plays(1), true);
});

Deno.test("a stall or a slow answer in the ordinary playlist begins the minute anew", () => {
  for (const hold of ["stalled", "answered"] as const) {
    const { trial, plays, stalls } = begun();
    stalls();
    stalls();
    plays(50);
    trial[hold](500);
    assert.equal(plays(59), false, hold);
    assert.equal(plays(1), true, hold);
  }
  const { trial, plays, stalls } = begun();
  stalls();
  stalls();
  plays(50);
  trial.answered(300);
  assert.equal(plays(10), true, "quick enough");
});

Deno.test("each trial in vain makes the next one wait twice as long, 16 minutes at most", () => {
  const { plays, stalls } = begun();
  const waited = [1, 2, 4, 8, 16, 16].map((minutes) => {
    stalls();
    stalls();
    return [plays(minutes * MINUTE - 1), plays(1)];
  });
  assert.deepEqual(waited, waited.map(() => [false, true]));
});

Deno.test("a network that carried it for long is tried again soon", () => {
  const { plays, stalls } = begun();
  for (const minutes of [1, 2, 4]) {
    stalls();
    stalls();
    plays(minutes * MINUTE);
  }
  plays(20 * MINUTE);
  stalls();
  stalls();
  assert.equal(plays(MINUTE), true);
});

Deno.test("a listener who wants to be live gets another trial at once", () => {
  const { trial, plays, stalls } = begun();
  stalls();
  stalls();
  trial.tryAgain();
  assert.equal(trial.isCarried, true);
  assert.equal(stalls(), true, "earlier stalls no longer count");
  plays(1);
  assert.equal(stalls(), false);
});
