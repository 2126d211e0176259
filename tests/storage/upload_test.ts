/** What is to be done next for a recording on its way to the bucket. */
import assert from "node:assert/strict";
import type { StoredFile } from "../../src/record/stored_file.ts";
import type { KeptUpload } from "../../src/storage/kept_uploads.ts";
import { MAX_PARTS, PART_BYTES, Upload } from "../../src/storage/upload.ts";
import { FakeClock } from "../../testing/fake_clock.ts";

const KEPT: KeptUpload = {
  ...{ identity: "1-1", name: "demo", startTime: 0, count: 1, mark: "m" },
  ...{
    uploadId: "u",
    partBytes: PART_BYTES,
    parts: [],
    storedBytes: null,
    dead: [],
    isUnwanted: false,
    isRemoved: false,
  },
};
const SENT = { etag: '"e"', sha256: "00" };

function upload(
  changes: Partial<KeptUpload>,
  state: StoredFile["state"],
  bytes: number,
): Upload {
  const file = { file: "demo.mp4", name: "demo", startTime: 0, count: 1, changedAt: 0 };
  const stored = { ...file, state, bytes, identity: "1-1" };
  return new Upload({ ...KEPT, ...changes }, stored, new FakeClock());
}

Deno.test("of a live recording nothing is sent before it has two whole parts", () => {
  const next = (bytes: number) => upload({ uploadId: null }, "unfinished", bytes).next(true)?.kind;
  assert.equal(next(2 * PART_BYTES - 1), undefined);
  assert.equal(next(2 * PART_BYTES), "begin");
});

Deno.test("of a live recording whole parts are sent, but the first", () => {
  const live = (parts: KeptUpload["parts"]) => upload({ parts }, "unfinished", 3.5 * PART_BYTES);
  assert.deepEqual(live([]).next(true), {
    kind: "send",
    part: 2,
    range: { start: PART_BYTES, end: 2 * PART_BYTES },
  });
  assert.equal(live([null, SENT, SENT]).next(true), undefined);
});

Deno.test("of a finished one parts are compared and sent, the first last, and then it is completed", () => {
  const finished = upload({ parts: [null, SENT] }, "finished", 2.5 * PART_BYTES);
  const steps: string[] = [];
  for (;;) {
    const step = finished.next(true);
    if (step === undefined || !("part" in step)) {
      steps.push(step?.kind ?? "nothing");
      break;
    }
    steps.push(`${step.kind} ${step.part} to ${step.range.end / PART_BYTES}`);
    const parts = [...finished.kept.parts];
    while (parts.length < step.part) parts.push(null);
    parts[step.part - 1] = SENT;
    finished.kept = { ...finished.kept, parts };
    finished.partCompared(step.part);
  }
  assert.deepEqual(steps, ["compare 2 to 2", "send 3 to 2.5", "send 1 to 1", "complete"]);
});

Deno.test("a recording of too many parts begins again with larger ones", () => {
  const bytes = 3.2 * MAX_PARTS * PART_BYTES;
  const large = upload({}, "finished", bytes);
  assert.deepEqual(large.next(true), { kind: "begin again", partBytes: 4 * PART_BYTES });
  large.kept = { ...large.kept, uploadId: null, partBytes: 4 * PART_BYTES };
  assert.deepEqual(large.next(true), { kind: "begin" });
  assert.ok(Math.ceil(bytes / large.kept.partBytes) <= MAX_PARTS);
  const live = upload({ parts: Array(MAX_PARTS).fill(SENT) }, "unfinished", bytes);
  assert.equal(live.next(true), undefined);
});

Deno.test("a stored one leaves the disk where files are not kept", () => {
  const stored = upload({ storedBytes: 7 }, "finished", 7);
  assert.equal(stored.next(true), undefined);
  assert.deepEqual(stored.next(false), { kind: "remove file" });
  assert.equal(stored.waitingBytes, 0);
});
