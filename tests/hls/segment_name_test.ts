/** What names of segments tell. */
import assert from "node:assert/strict";
import { formatOf } from "../../src/hls/formats.ts";
import { parsePlaylist, renderPlaylist, restorePlaylist } from "../../src/hls/playlist.ts";
import { makerOf, segmentName } from "../../src/hls/segment_name.ts";

Deno.test("a segment's name tells who has made it, whatever the box is called", () => {
  for (const box of ["a", "e", "e1", "1e2", "box7e", "abcdefghijklmnop"]) {
    for (const epoch of [1, 27, 2 ** 40]) {
      const file = segmentName(1790, 1_700_000_000_500, "ts", { box, epoch });
      assert.equal(file, `1790-1700000000-${box}e${epoch}.ts`);
      assert.deepEqual(makerOf(file), { box, epoch });
      assert.equal(formatOf(file)?.extension, "ts");
    }
  }
});

Deno.test("where there is one box, a name does not tell it, nor does one of low latency", () => {
  assert.equal(segmentName(1790, 1_700_000_000_500, "ts"), "1790-1700000000.ts");
  for (
    const file of ["1790-1700000000.ts", "1790-1700000000-k3e9.m4s", "1790-1700000000-k3e9.2.m4s"]
  ) {
    assert.equal(makerOf(file), undefined, file);
  }
});

Deno.test("names that are nearly those of a segment are none", () => {
  const wrong = [
    "1790-1700000000-a.ts",
    "1790-1700000000-e1.ts",
    "1790-1700000000-ae.ts",
    "1790-1700000000-Ae1.ts",
    "1790-1700000000-abcdefghijklmnopqe1.ts",
    "1790-1700000000-a-e1.ts",
    "1790-1700000000-ae1-be2.ts",
  ];
  for (const file of wrong) {
    assert.deepEqual([file, formatOf(file), makerOf(file)], [file, undefined, undefined]);
  }
});

Deno.test("a playlist of several boxes' segments is taken up again, one with others' names is not", () => {
  const wallMs = 1_700_000_000_000;
  const makers = [{ box: "a1", epoch: 1 }, undefined, { box: "b2", epoch: 12 }];
  const segments = makers.map((maker, i) => ({
    uri: segmentName(500 + i, wallMs + 1000 * i, "ts", maker),
    ...{ durationUs: 1_000_000, discontinuity: i > 0, wallMs: wallMs + 1000 * i },
  }));
  const numbers = { targetDuration: 1, mediaSequence: 500, discontinuitySequence: 3, ended: false };
  const text = renderPlaylist({ ...numbers, segments });
  assert.deepEqual(restorePlaylist(text, "ts"), parsePlaylist(text));
  assert.equal(restorePlaylist(text.replace("-b2e12.", "-b2-e12."), "ts"), undefined);
});
