/** The wall time of segments where the clock of the box is set. */
import assert from "node:assert/strict";
import { WallTime } from "../../src/hls/wall_time.ts";
import { FakeClock } from "../../testing/fake_clock.ts";

/** Wall times of segments of a second that follow one another, and the box's clock with them. */
class Telling {
  readonly clock = new FakeClock();
  readonly wallTime = new WallTime(this.clock);

  /** How far what is told of the next segments is ahead of the clock, in milliseconds. */
  next(segments: number, lateMs = 0): number[] {
    return Array.from({ length: segments }, () => {
      this.clock.advanceSync(1000);
      const told = this.wallTime.tell(this.clock.monotonic() + lateMs) - this.clock.now();
      this.wallTime.end(1000);
      return told;
    });
  }

  step(ms: number): void {
    this.clock.setWall(this.clock.now() + ms);
  }
}

Deno.test("a clock that nobody sets is told as it is", () => {
  assert.deepEqual(new Telling().next(4), [0, 0, 0, 0]);
});

Deno.test("a clock that is set ahead is followed at once", () => {
  const telling = new Telling();
  telling.next(1);
  telling.step(3_600_000);
  assert.deepEqual(telling.next(2), [0, 0]);
});

Deno.test("a clock that is set back is followed by 5 ms a second, and nothing goes back", () => {
  const telling = new Telling();
  telling.next(1);
  telling.step(-5000);
  assert.deepEqual(telling.next(3), [4995, 4990, 4985]);
  assert.equal(telling.next(997).at(-1), 0);
  assert.deepEqual(telling.next(1), [0]);
});

Deno.test("a clock that is set back and right again is told as it is", () => {
  const telling = new Telling();
  telling.next(1);
  telling.step(-3_600_000);
  telling.next(2);
  telling.step(3_600_000);
  assert.deepEqual(telling.next(3), [-5, 0, 0]);
});

Deno.test("small corrections of the clock are followed without a step", () => {
  const telling = new Telling();
  telling.next(1);
  telling.step(12);
  assert.deepEqual(telling.next(3), [-7, -2, 0]);
});

Deno.test("the next session is told by the clock of its time, but not before the end of the last", () => {
  const telling = new Telling();
  telling.next(1);
  telling.step(-60_000);
  telling.next(1);
  telling.wallTime.join();
  assert.deepEqual(telling.next(2), [59_995, 59_990]);
  telling.clock.advanceSync(70_000);
  telling.wallTime.join();
  assert.deepEqual(telling.next(2), [0, 0]);
});

Deno.test("times that an earlier run has told are not told again", () => {
  const telling = new Telling();
  telling.wallTime.resume(telling.clock.now() + 9000);
  assert.deepEqual(telling.next(2), [8000, 7995]);
});

Deno.test("late audio that is kept is told as late as it is heard", () => {
  assert.deepEqual(new Telling().next(2, 3000), [3000, 3000]);
});
