/** How the page says on which day a show was last on air. */
import assert from "node:assert/strict";
import { dayInWords } from "../../../src/pages/listener/facts.js";

Deno.test("the day is told by the calendar, not by hours", () => {
  const now = new Date(2026, 10, 26, 0, 5);
  assert.equal(dayInWords(new Date(2026, 10, 26, 0, 1), now), "today");
  assert.equal(dayInWords(new Date(2026, 10, 25, 23, 59), now), "yesterday");
  assert.equal(dayInWords(new Date(2026, 10, 25, 0, 0), now), "yesterday");
  assert.match(dayInWords(new Date(2026, 10, 24, 23, 59), now), /24/);
});
