/** Tests of how long a connection waits. */
import assert from "node:assert/strict";
import { type Awaited, Patience } from "../../src/http/patience.ts";
import { FakeClock } from "../../testing/fake_clock.ts";

/** How many seconds it is until the wait is over, looked at every second; at most 1000. */
function secondsUntilOver(patience: Patience, clock: FakeClock): number {
  let seconds = 0;
  while (!patience.isOver() && seconds < 1000) {
    clock.advanceSync(1000);
    seconds++;
  }
  return seconds;
}

for (
  const [awaited, seconds] of [
    ["head", 10],
    ["body", 10],
    ["next request", 75],
    ["answer", 1000],
    ["reader", 20],
    ["farewell", 2],
  ] as readonly (readonly [Awaited, number])[]
) {
  Deno.test(`the wait for ${awaited} is over after ${seconds} s, and begins anew`, () => {
    const clock = new FakeClock();
    const patience = new Patience(clock);
    patience.begin(awaited);
    assert.equal(secondsUntilOver(patience, clock), seconds);
    if (awaited === "farewell") return;
    patience.begin(awaited);
    assert.equal(secondsUntilOver(patience, clock), seconds);
  });
}

Deno.test("a wait may have begun before it is told", () => {
  const clock = new FakeClock();
  const patience = new Patience(clock);
  const since = clock.awake();
  clock.advanceSync(4000);
  patience.begin("body", since);
  assert.equal(secondsUntilOver(patience, clock), 6);
});

Deno.test("nothing follows a farewell", () => {
  const patience = new Patience(new FakeClock());
  patience.begin("farewell");
  patience.begin("answer");
  assert.equal(patience.awaited, "farewell");
});

for (
  const [taken, seconds] of [
    [0, 20],
    [1_048_576, 20],
    [1_848_576, 120],
    [100_000_000, 300],
  ] as const
) {
  Deno.test(`a reader of whose answer ${taken} bytes are taken has ${seconds} s for more`, () => {
    const clock = new FakeClock();
    const patience = new Patience(clock);
    patience.beginAnswer();
    patience.begin("reader");
    patience.took(taken);
    assert.equal(secondsUntilOver(patience, clock), seconds);
    patience.beginAnswer();
    patience.begin("reader");
    assert.equal(secondsUntilOver(patience, clock), 20, "another answer begins anew");
  });
}

Deno.test("a reader of what is made bit by bit has 20 s, however much was taken", () => {
  const clock = new FakeClock();
  const patience = new Patience(clock);
  patience.beginAnswer();
  patience.comesBitByBit();
  patience.begin("reader");
  patience.took(100_000_000);
  assert.equal(secondsUntilOver(patience, clock), 20);
});
