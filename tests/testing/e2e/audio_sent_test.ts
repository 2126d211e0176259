/** What the comparison of what was heard with what several connections sent lets pass. */
import assert from "node:assert/strict";
import { assertConnections } from "../../../testing/e2e/audio_sent.ts";

const SENT = [["a0", "a1", "a2", "a3"], ["b0", "b1", "b2"]];

const passes = (heard: string) => assertConnections(heard.split(" "), SENT, "demo");

Deno.test("connections may be cut short, with silence between and within them", () => {
  const found = { counts: [3, 2], silent: 3 };
  assert.deepEqual(passes("a0 a1 silence a2 silence silence b0 b1"), found);
});

Deno.test("two connections may send the same", () => {
  const heard = ["a0", "a1", "a0", "a1", "a2"];
  const { counts } = assertConnections(heard, [["a0", "a1", "a2"], ["a0", "a1", "a2"]], "demo");
  assert.deepEqual(counts, [2, 3]);
});

Deno.test("where it is asked for, silence may stand for a connection's first access unit", () => {
  const { counts } = assertConnections(["a0", "silence", "b1", "b2"], SENT, "demo", {
    firstMuted: true,
  });
  assert.deepEqual(counts, [1, 2]);
  assert.throws(() =>
    assertConnections(["a0", "silence", "b2"], SENT, "demo", { firstMuted: true })
  );
});

for (
  const [what, heard] of [
    ["an access unit is missing", "a0 a2 b0"],
    ["a connection's first access unit is missing", "a1 a2 b0"],
    ["two change places", "a0 a2 a1 b0"],
    ["one is there twice", "a0 a1 a1 b0"],
    ["a connection is missing", "a0 a1 a2"],
    ["access units are changed", "a0 x1 x2 x3 b0"],
  ] as const
) {
  Deno.test(`it fails where ${what}`, () => {
    assert.throws(() => passes(heard), assert.AssertionError);
  });
}
