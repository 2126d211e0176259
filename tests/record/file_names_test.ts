/** The file names of recordings, written and read. */
import assert from "node:assert/strict";
import { datedFile, parseFileName } from "../../src/record/file_names.ts";
import { START } from "../../testing/record/archive.ts";

Deno.test("a recording's file name tells whose it is and when it began", () => {
  const told = (file: string) => {
    const parsed = parseFileName(file);
    return parsed && [parsed.name, parsed.startTime, parsed.count, parsed.state];
  };
  assert.deepEqual(told("demo.mp4"), ["demo", undefined, 1, "finished"]);
  assert.deepEqual(told("a-B_9.20261123T141200Z.mp4"), ["a-B_9", START, 1, "finished"]);
  assert.deepEqual(told("demo.20261123T141200Z.mp4.part"), ["demo", START, 1, "unfinished"]);
  assert.deepEqual(told("demo.20261123T141200Z-12.mp4.part"), ["demo", START, 12, "unfinished"]);
  assert.deepEqual(told("demo.20261123T141200Z.mp4.damaged"), ["demo", START, 1, "damaged"]);
});

Deno.test("names are read as they are made", () => {
  for (const count of [1, 2, 999]) {
    const parsed = parseFileName(datedFile("demo", START + 999, count));
    assert.deepEqual([parsed?.startTime, parsed?.count], [START, count]);
  }
});

Deno.test("a file of any other name is not taken for a recording", () => {
  for (
    const file of [
      ...[
        "",
        ".mp4",
        "demo",
        "demo.mp4.part",
        "demo.mp4.damaged",
        "demo.20269999T141200Z.mp4",
        "demo.mp3",
        "de mo.mp4",
        "../demo.mp4",
        "demo.mp4\n",
      ],
      ...["demo.2026.mp4", "demo.20261123T141200Z-0.mp4", "demo.20261123T141200Z.part"],
      ...["demo.20261123T141200.mp4", `${"a".repeat(129)}.mp4`, "a/b.mp4", "demo.mp4.bak"],
    ]
  ) assert.equal(parseFileName(file), undefined, file);
});
