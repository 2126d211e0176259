/** Plots show nothing where nothing was measured. */
import assert from "node:assert/strict";
import { timeRange, withGaps } from "../../../src/pages/dashboard/gaps.js";

Deno.test("a time without samples becomes one of nothing, just after it began", () => {
  assert.deepEqual(
    withGaps({ at: [0, 5, 10, 15, 100, 105, 300], cpu: [1, 2, 3, 4, 5, 6, 7] }),
    {
      at: [0, 5, 10, 15, 20, 100, 105, 110, 300],
      cpu: [1, 2, 3, 4, null, 5, 6, null, 7],
    },
  );
});

Deno.test("samples that come a little late are no gap", () => {
  const columns = { at: [0, 5, 10, 25, 30], cpu: [1, 2, 3, 4, 5] };
  assert.equal(withGaps(columns), columns);
});

Deno.test("few samples, or none, have no gaps", () => {
  for (const columns of [{}, { at: [] }, { at: [7], cpu: [1] }]) {
    assert.equal(withGaps(columns), columns);
  }
});

Deno.test("a plot shows five minutes at least, also of one sample or none", () => {
  assert.deepEqual(timeRange([], 1000), [700, 1000]);
  assert.deepEqual(timeRange([990], 1000), [690, 990]);
  assert.deepEqual(timeRange([100, 500, 900], 1000), [100, 900]);
});
