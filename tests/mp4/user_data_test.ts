/** The metadata in a recording, within its bounds. */
import assert from "node:assert/strict";
import { boxSize, encodeBoxes } from "../../src/mp4/boxes.ts";
import { MAX_TAG_BYTES, userDataBox } from "../../src/mp4/user_data.ts";

Deno.test("facts beyond the bound are left out, and title and date stay", () => {
  const facts = Object.fromEntries(
    Array.from({ length: 1000 }, (_, i) => [`fact${i}`, "x".repeat(100)]),
  );
  const box = userDataBox({ title: "demo", facts: { ...facts, last: "y" } }, 0);
  assert.ok(boxSize(box) <= MAX_TAG_BYTES + 100);
  const latin1 = String.fromCharCode(...encodeBoxes(box));
  assert.ok(latin1.includes("demo") && latin1.includes("1970-01-01T00:00:00Z"));
  assert.ok(latin1.includes("fact0") && !latin1.includes("fact999"));
});

Deno.test("a value that no bound holds leaves the others in", () => {
  const box = userDataBox({ title: "demo", facts: { long: "x".repeat(70_000), os: "iOS" } }, 0);
  const latin1 = String.fromCharCode(...encodeBoxes(box));
  assert.ok(latin1.includes("iOS") && !latin1.includes("long"));
});
