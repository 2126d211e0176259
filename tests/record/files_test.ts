/** Locks on files of the archive, which two servers may share. */
import assert from "node:assert/strict";
import { closeLocked, openLocked } from "../../src/record/files.ts";
import { withFolder } from "../../testing/temporary_folder.ts";

const STARTER = new URL("../../testing/record/child_starter.ts", import.meta.url);
/** With so many one of them used to find the lock still held by a child, most often many. */
const TIMES = 5000;

Deno.test("what is closed can be locked again, also while the process starts others", async () => {
  const starters = [1, 2, 3].map(() => new Worker(STARTER, { type: "module" }));
  try {
    await withFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/part`, "");
      for (let i = 0; i < TIMES; i++) {
        const handle = await openLocked(`${folder}/part`);
        assert.ok(handle, `it is locked after it was closed ${i} times`);
        await closeLocked(handle);
      }
    });
  } finally {
    for (const starter of starters) starter.terminate();
  }
});

Deno.test("what is open is locked for others", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/part`, "");
    const handle = await openLocked(`${folder}/part`);
    assert.ok(handle);
    assert.equal(await openLocked(`${folder}/part`), undefined);
    await closeLocked(handle);
  });
});
