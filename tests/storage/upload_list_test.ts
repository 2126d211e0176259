/** Which files are which recordings, where the file system does not tell that for sure. */
import assert from "node:assert/strict";
import { RecordFolder } from "../../src/record/record_folder.ts";
import type { StoredFile } from "../../src/record/stored_file.ts";
import { type KeptUpload, KeptUploads } from "../../src/storage/kept_uploads.ts";
import { UploadList } from "../../src/storage/upload_list.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { withFolder } from "../../testing/temporary_folder.ts";

/** Where no time of birth is told, and numbers of files come again. */
class VagueFolder extends RecordFolder {
  override async files(): Promise<StoredFile[]> {
    return (await super.files()).map((file) => ({ ...file, identity: "7-" }));
  }
}

const KEPT: KeptUpload = {
  ...{ identity: "7-", name: "demo", startTime: Date.UTC(2026, 10, 23, 14, 12, 0), count: 1 },
  ...{ mark: "m", uploadId: null, partBytes: 1000, parts: [], dead: [], isUnwanted: false },
  ...{ storedBytes: 4, isRemoved: false },
};

async function listOf(folder: string, kept: KeptUpload, file: string): Promise<UploadList> {
  const keeper = new KeptUploads(folder);
  await keeper.load();
  await keeper.save(kept);
  await Deno.writeTextFile(`${folder}/${file}`, "abcd");
  const list = new UploadList({
    ...{ clock: new FakeClock(), folder: new VagueFolder(folder), keeper, keepsFiles: true },
    ...{ partBytes: 1000, prefix: "rec" },
  });
  await list.load();
  await list.scan();
  return list;
}

Deno.test("a file that got the number of one that was stored does not count as stored", async () => {
  await withFolder(async (folder) => {
    const list = await listOf(folder, KEPT, "demo.20261123T150000Z.mp4");
    assert.equal(list.stored.size, 0);
    const upload = list.open.get("7-");
    assert.equal(upload?.kept.startTime, Date.UTC(2026, 10, 23, 15, 0, 0));
    assert.equal(upload?.kept.storedBytes, null);
  });
});

Deno.test("nor is it sent under the name of one that was on its way", async () => {
  await withFolder(async (folder) => {
    const onItsWay = { ...KEPT, storedBytes: null, uploadId: "u" };
    const list = await listOf(folder, onItsWay, "other.20261123T141200Z.mp4");
    const kept = list.open.get("7-")?.kept;
    assert.deepEqual([kept?.name, kept?.uploadId], ["other", null]);
    assert.deepEqual(kept?.dead, [{ key: "rec/demo/20261123T141200Z.mp4", uploadId: "u" }]);
  });
});

Deno.test("the file that was stored still counts as that", async () => {
  await withFolder(async (folder) => {
    const list = await listOf(folder, KEPT, "demo.20261123T141200Z.mp4");
    assert.deepEqual([list.stored.size, list.open.size], [1, 0]);
  });
});
