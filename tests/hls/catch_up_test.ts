/** When a source is asked whether that is all, and for whom its answer counts. */
import assert from "node:assert/strict";
import { CatchUp } from "../../src/hls/catch_up.ts";
import { FakeClock } from "../../testing/fake_clock.ts";

function setUp() {
  const clock = new FakeClock();
  const seen = { questions: 0 };
  const catchUp = new CatchUp(clock, () => void seen.questions++);
  /** @returns with `told` once the wait is over */
  const wait = (maxMs = 3000, signal?: AbortSignal) => {
    const waiting: { told: boolean | undefined } = { told: undefined };
    catchUp.wait(clock.awake() + maxMs, signal).then((told) => waiting.told = told);
    return waiting;
  };
  return { clock, seen, catchUp, wait };
}

Deno.test("who comes after a question is asked for again, together with others, 50 ms later", async () => {
  const { clock, seen, catchUp, wait } = setUp();
  const [first, second, third] = [wait(), wait(), wait()];
  assert.equal(seen.questions, 1);
  catchUp.take();
  await clock.advance(49);
  assert.deepEqual([first.told, second.told, seen.questions], [true, undefined, 1]);
  await clock.advance(1);
  assert.equal(seen.questions, 2);
  catchUp.take();
  await clock.advance(1000);
  assert.deepEqual([second.told, third.told, seen.questions], [true, true, 2]);
  assert.equal(clock.timerCount, 0);
});

Deno.test("no question is asked while the last one has no answer, nor for who has left", async () => {
  const { clock, seen, catchUp, wait } = setUp();
  const leaver = new AbortController();
  const [first, second] = [wait(), wait(3000, leaver.signal)];
  await clock.advance(1000);
  leaver.abort();
  await clock.advance(0);
  assert.deepEqual([first.told, second.told, seen.questions], [undefined, false, 1]);
  catchUp.take();
  await clock.advance(1000);
  assert.deepEqual([first.told, seen.questions], [true, 1]);
});

Deno.test("who waits for too long gives up, and all do where it is closed", async () => {
  const { clock, seen, catchUp, wait } = setUp();
  const [first, second] = [wait(1000), wait(5000)];
  await clock.advance(1000);
  catchUp.sweep(clock.awake());
  await clock.advance(0);
  assert.deepEqual([first.told, second.told], [false, undefined]);
  catchUp.close();
  await clock.advance(0);
  assert.equal(second.told, false);
  catchUp.take();
  assert.equal(seen.questions, 1);
  assert.equal(clock.timerCount, 0);
});

Deno.test("a source that answers at once is asked each time", async () => {
  const clock = new FakeClock();
  let questions = 0;
  const catchUp = new CatchUp(clock, () => {
    questions++;
    catchUp.take();
  });
  const all = Array.from({ length: 3 }, () => catchUp.wait(clock.awake() + 1000));
  assert.deepEqual(await Promise.all(all), [true, true, true]);
  assert.deepEqual([questions, clock.timerCount], [3, 0]);
});
