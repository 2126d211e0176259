/** Recordings on the disk whose objects Echo has deleted in the bucket. */
import assert from "node:assert/strict";
import { Catalogue } from "../../src/record/catalogue.ts";
import { StoredRecordings } from "../../src/storage/stored_recordings.ts";
import { S3Server } from "../../testing/storage/s3_server.ts";
import { StoredArchive, type StoredArchiveOptions } from "../../testing/storage/stored_archive.ts";
import { withFolder } from "../../testing/temporary_folder.ts";

const KEY = "rec/demo/20261123T141200Z.mp4";
const DAY = 86_400_000;

interface Opened extends AsyncDisposable {
  readonly stored: StoredArchive;
  readonly catalogue: Catalogue;
}

/** An archive whose recordings stay in the bucket for a week. */
async function open(options: StoredArchiveOptions = {}): Promise<Opened> {
  const stored = await StoredArchive.open(options);
  const { archive, clock, bucket, uploader } = stored;
  const recordings = new StoredRecordings({
    ...{ clock, bucket, prefix: "rec", maxAgeMs: 7 * DAY, uploads: uploader },
  });
  return {
    ...{ stored, catalogue: new Catalogue(archive.folder, archive.recorder, recordings) },
    async [Symbol.asyncDispose]() {
      recordings.close();
      await stored[Symbol.asyncDispose]();
    },
  };
}

/** Where which recording is. */
async function places({ catalogue }: Opened): Promise<string[]> {
  return (await catalogue.list()).map(({ file, places = [] }) => `${file}: ${places.join()}`);
}

/** Has a recording there that got too old in the bucket. */
async function recordOld(opened: Opened): Promise<void> {
  const { archive, server, expectStored, pass } = opened.stored;
  await archive.record("demo", 2);
  await expectStored(KEY, "demo.mp4");
  await pass("it is known", async () => (await places(opened)).join() === "demo.mp4: disk,bucket");
  const object = server.objects.get(KEY);
  assert.ok(object);
  object.madeAt = Date.now() - 8 * DAY;
  await opened.stored.clock.advance(3_600_000);
  await pass("it is deleted there", () => server.objects.size === 0);
  await pass("it is listed so", async () => (await places(opened)).join() === "demo.mp4: disk");
}

/** Time in which the folder is looked at. */
async function minutes({ clock, pass }: StoredArchive): Promise<void> {
  const end = clock.monotonic() + 130_000;
  await pass("some minutes are over", () => clock.monotonic() >= end);
}

Deno.test("what got too old in the bucket is on the disk alone, and is not sent again", async () => {
  await withFolder(async (path) => {
    await using server = S3Server.start();
    {
      await using opened = await open({ path, server });
      await recordOld(opened);
      await minutes(opened.stored);
      assert.equal(server.count("CreateMultipartUpload"), 1);
    }
    await using opened = await open({ path, server });
    await minutes(opened.stored);
    assert.equal(server.count("CreateMultipartUpload"), 1);
    assert.deepEqual(await places(opened), ["demo.mp4: disk"]);
  });
});

Deno.test("limits of the disk hold for it, and it can be deleted", async () => {
  await using opened = await open();
  const { stored, catalogue } = opened;
  await recordOld(opened);
  const [file] = await stored.archive.folder.files();
  assert.ok(file !== undefined && stored.uploader.mayRemove(file));
  assert.equal(await catalogue.remove("demo.mp4"), "finished");
  assert.deepEqual(await places(opened), []);
});

Deno.test("what is deleted by its name in the bucket stays on the disk as that", async () => {
  await using opened = await open();
  const { stored, catalogue } = opened;
  await stored.archive.record("demo", 2);
  await stored.expectStored(KEY, "demo.mp4");
  await stored.pass(
    "it is known",
    async () => (await places(opened)).join() === "demo.mp4: disk,bucket",
  );
  assert.equal(await catalogue.remove("demo.20261123T141200Z.mp4"), "finished");
  assert.deepEqual(await places(opened), ["demo.mp4: disk"]);
  await minutes(stored);
  assert.equal(stored.server.count("CreateMultipartUpload"), 1);
});
