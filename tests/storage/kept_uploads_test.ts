/** What is kept of uploads for another run of the server, and what happens where that is damaged. */
import assert from "node:assert/strict";
import { type KeptUpload, KeptUploads, parseKeptUpload } from "../../src/storage/kept_uploads.ts";
import { LogRecorder } from "../../testing/log_recorder.ts";
import { withFolder } from "../../testing/temporary_folder.ts";

const UPLOAD: KeptUpload = {
  identity: "17-1795443120000",
  ...{ name: "demo", startTime: 1_795_443_120_000, count: 1 },
  ...{
    mark: "m",
    uploadId: "u",
    partBytes: 8_388_608,
    storedBytes: null,
    dead: [],
    isUnwanted: false,
    isRemoved: false,
  },
  parts: [null, { etag: '"e"', sha256: "00" }],
};

Deno.test("what is kept of uploads is read as it was, until it is forgotten", async () => {
  await withFolder(async (folder) => {
    const kept = new KeptUploads(folder);
    assert.deepEqual(await kept.load(), []);
    await kept.save(UPLOAD);
    await kept.save({ ...UPLOAD, storedBytes: 17, uploadId: null, parts: [] });
    assert.deepEqual(await new KeptUploads(folder).load(), [
      { ...UPLOAD, storedBytes: 17, uploadId: null, parts: [] },
    ]);
    await kept.forget(UPLOAD.identity);
    await kept.forget("1-1");
    assert.deepEqual(await kept.load(), []);
  });
});

Deno.test("what is damaged or somebody else's is not taken for an upload", async () => {
  const wrong = [
    "",
    "[]",
    "null",
    ...[
      { identity: "../../etc/passwd" },
      { name: "a/b" },
      { count: 0 },
      { partBytes: 0 },
      { parts: [{}] },
      { storedBytes: -1 },
    ].map((change) => JSON.stringify({ ...UPLOAD, ...change })),
  ];
  for (const text of wrong) assert.throws(() => parseKeptUpload(text), text);
  await withFolder(async (folder) => {
    await using log = await LogRecorder.start();
    await Deno.mkdir(`${folder}/.uploads`);
    await Deno.writeTextFile(`${folder}/.uploads/1-1.json`, JSON.stringify(UPLOAD).slice(0, 50));
    assert.deepEqual(await new KeptUploads(folder).load(), []);
    assert.equal(log.matching(/1-1\.json cannot be read, so that recording is sent/).length, 1);
  });
});
