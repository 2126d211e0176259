/** What benchmarks tell of what they found. */
import assert from "node:assert/strict";
import { type Figure, isOutOfBudget, renderJson, renderReport } from "../../bench/report.ts";

const CPU: Figure = { what: "CPU", value: 61.25, unit: "% of core", budget: 60, digits: 1 };
const RATIO: Figure = { what: "rate, of nginx's", value: 0.95, unit: "", least: 0.9, digits: 2 };

function reportOf(...figures: readonly Figure[]): Parameters<typeof renderReport>[0] {
  return { title: "http: 64 connections", figures, notes: ["medians of 3 rounds"] };
}

Deno.test("a table has a line for each figure, with its budget and whether it is kept", () => {
  assert.equal(
    renderReport(reportOf(CPU, RATIO, { what: "answers", value: 12_345.6, unit: "a second" })),
    [
      "http: 64 connections",
      "                    measured               budget",
      "  CPU                   61.3 % of core       ≤ 60  OVER",
      "  rate, of nginx's      0.95                ≥ 0.9  ok",
      "  answers              12346 a second",
      "  * medians of 3 rounds",
    ].join("\n"),
  );
});

Deno.test("JSON has the same, with values as they were found", () => {
  assert.deepEqual(JSON.parse(renderJson(reportOf(CPU, RATIO))), {
    title: "http: 64 connections",
    figures: [
      { what: "CPU", value: 61.25, unit: "% of core", budget: 60, ok: false },
      { what: "rate, of nginx's", value: 0.95, unit: "", least: 0.9, ok: true },
    ],
    notes: ["medians of 3 rounds"],
  });
});

Deno.test("a figure is out of its budget above the most, below the least, and where it is none", () => {
  const isOut = (figure: Figure) => isOutOfBudget(reportOf(RATIO, figure));
  assert.equal(isOut(CPU), true);
  assert.equal(isOut({ ...CPU, value: 60 }), false);
  assert.equal(isOut({ ...RATIO, value: 0.9 }), false);
  assert.equal(isOut({ ...RATIO, value: 0.89 }), true);
  for (const figure of [CPU, RATIO]) assert.equal(isOut({ ...figure, value: NaN }), true);
  assert.equal(isOut({ what: "answers", value: NaN, unit: "" }), false);
});
