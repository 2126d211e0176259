/** How benchmarks tell of growth, and of measurements that were done several times. */
import assert from "node:assert/strict";
import { median } from "../../bench/median.ts";
import { type ScaleStep, slopeFigures } from "../../bench/scale.ts";

function step(publishers: number, cpu: number, memory: number): ScaleStep {
  return { publishers, cpu, memory, late: 0, missing: 0, lost: 0, lagMs: 0 };
}

Deno.test("what a publisher costs is told between one number of them and the next", () => {
  const figures = slopeFigures([step(100, 10, 120), step(200, 20, 145), step(500, 65, 220)]);
  assert.deepEqual(figures.map(({ what, value }) => [what, value]), [
    ["CPU a publisher, from 100 to 200", 0.1],
    ["memory a publisher, from 100 to 200", 256],
    ["CPU a publisher, from 200 to 500", 0.15],
    ["memory a publisher, from 200 to 500", 256],
  ]);
});

Deno.test("the median of an odd number is the middle one, of an even the mean of two", () => {
  assert.equal(median([9, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 9]), 3);
  assert.ok(Number.isNaN(median([])));
});
