/** Which box a broadcast is given to. */
import assert from "node:assert/strict";
import { betterOfTwo } from "../../src/fleet/placement.ts";
import { knownBox } from "../../testing/fleet/known_box.ts";

/** A dice that falls as a test wants. */
function dice(...falls: number[]): () => number {
  return () => falls.shift() ?? 0;
}

Deno.test("of two boxes at random, the one whose processor has less to do is taken", () => {
  const boxes = [
    knownBox("a", { load: { cpu: 0 } }),
    knownBox("b", { load: { cpu: 0.9, sessions: 1 } }),
    knownBox("c", { load: { cpu: 0.4, sessions: 100 } }),
  ];
  assert.equal(betterOfTwo(boxes, "x", dice(0.4, 0.9))?.id, "c", "of b and c");
  assert.equal(betterOfTwo(boxes, "x", dice(0.9, 0.9))?.id, "c", "of c and b");
  assert.equal(betterOfTwo(boxes, "x", dice(0.4, 0))?.id, "a", "of b and a");
});

Deno.test("where processors have about the same to do, fewer broadcasts decide", () => {
  const boxes = [
    knownBox("a", { load: { cpu: 0.31, sessions: 9 } }),
    knownBox("b", { load: { cpu: 0.33, sessions: 2 } }),
  ];
  assert.equal(betterOfTwo(boxes, "x", dice(0, 0))?.id, "b");
  assert.equal(betterOfTwo(boxes, "x", dice(0.9, 0))?.id, "b");
});

Deno.test("boxes that drain are not taken, nor the box that asks", () => {
  const boxes = [knownBox("a"), knownBox("b", { state: "draining" }), knownBox("c")];
  for (const fall of [0, 0.5, 0.99]) assert.equal(betterOfTwo(boxes, "a", dice(fall))?.id, "c");
  assert.equal(betterOfTwo(boxes.slice(0, 2), "a"), undefined);
  assert.equal(betterOfTwo([], "a"), undefined);
});
