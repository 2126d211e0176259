/** Recordings on their way to the bucket, while stores and disks do what they do. */
import assert from "node:assert/strict";
import { START } from "../../testing/record/archive.ts";
import { LogRecorder } from "../../testing/log_recorder.ts";
import { S3Server } from "../../testing/storage/s3_server.ts";
import { SMALL_PART_BYTES, StoredArchive } from "../../testing/storage/stored_archive.ts";
import { withFolder } from "../../testing/temporary_folder.ts";

const KEY = "rec/demo/20261123T141200Z.mp4";

Deno.test("a recording is sent while it is live, its first part last", async () => {
  await using stored = await StoredArchive.open();
  const { archive, server } = stored;
  const show = archive.begin("demo");
  for (let i = 0; i < 8; i++) await show.second();
  await stored.pass("parts are sent", () => server.count("UploadPart") >= 4);
  const isFirst = ({ part }: { part: number }) => part === 1;
  assert.ok(!server.requests.some(isFirst), "its head changes when it is finished");
  assert.equal(server.objects.size, 0);
  show.end();
  await stored.expectStored(KEY, "demo.mp4");
  const parts = server.requests.filter(({ part }) => part > 0);
  assert.ok(isFirst(parts.at(-1) ?? { part: 0 }));
  assert.equal(server.count("CompleteMultipartUpload"), 1);
  assert.deepEqual(await stored.files(), ["demo.mp4"]);
  await stored.pass("that is known", () => stored.uploader.figures.storedRecordings === 1);
  assert.equal(stored.uploader.figures.waitingBytes, 0);
  assert.ok(stored.uploader.figures.sentBytes >= (await archive.read("demo.mp4")).length);
});

Deno.test("a short recording has one part", async () => {
  await using stored = await StoredArchive.open({ partBytes: 100_000 });
  await stored.archive.record("demo", 1);
  await stored.expectStored(KEY, "demo.mp4");
  assert.equal(stored.server.count("UploadPart"), 1);
});

Deno.test("where files are not kept, one leaves the disk once it is in the bucket", async () => {
  await using stored = await StoredArchive.open({ keepsFiles: false });
  const { archive, server } = stored;
  server.behave = ({ action }) => action === "CompleteMultipartUpload" ? 503 : "good";
  await archive.record("demo", 3);
  await stored.pass("it is tried", () => server.count("CompleteMultipartUpload") >= 2);
  assert.deepEqual(await stored.files(), ["demo.mp4"]);
  const bytes = await archive.read("demo.mp4");
  server.behave = () => "good";
  await stored.pass("the file is gone", async () => (await stored.files()).length === 0);
  assert.deepEqual(server.objects.get(KEY)?.bytes, bytes);
  await stored.pass("nothing is kept of it", async () => {
    const hidden = await Array.fromAsync(Deno.readDir(`${archive.folder.path}/.uploads`));
    return hidden.map(({ name }) => name).join() === "lock";
  });
});

Deno.test("a file that somebody still reads stays until then", async () => {
  let isNeeded = true;
  await using stored = await StoredArchive.open({ keepsFiles: false, isNeeded: () => isNeeded });
  await stored.archive.record("demo", 3);
  await stored.expectStored(KEY, "demo.mp4");
  await stored.clock.advance(10_000);
  assert.deepEqual(await stored.files(), ["demo.mp4"]);
  isNeeded = false;
  await stored.pass("the file is gone", async () => (await stored.files()).length === 0);
});

Deno.test("after a crash the upload goes on where it was", async () => {
  await withFolder(async (path) => {
    await using server = S3Server.start();
    let parts = 0;
    {
      await using stored = await StoredArchive.open({ path, server });
      const show = stored.archive.begin("demo");
      for (let i = 0; i < 9; i++) await show.second();
      await stored.pass("parts are sent", () => server.count("UploadPart") >= 3);
      await stored.stopSending();
      parts = server.count("UploadPart");
      show.end();
    }
    await using stored = await StoredArchive.open({ path, server });
    await stored.expectStored(KEY, "demo.mp4");
    assert.equal(server.count("CreateMultipartUpload"), 1);
    const { length } = await stored.archive.read("demo.mp4");
    // One was on its way, perhaps repeated by the client: nobody knows that it arrived.
    const again = server.count("UploadPart") - Math.ceil(length / SMALL_PART_BYTES);
    assert.ok(parts >= 3 && again <= 2, `${parts}, ${again}`);
  });
});

Deno.test("a part that a power cut has changed on the disk is sent again", async () => {
  await using stored = await StoredArchive.open();
  const { archive, server } = stored;
  const show = archive.begin("demo");
  for (let i = 0; i < 9; i++) await show.second();
  await stored.pass("parts are sent", () => server.count("UploadPart") >= 3);
  const [file = ""] = await stored.files();
  using handle = await Deno.open(archive.folder.pathOf(file), { write: true });
  await handle.seek(2 * SMALL_PART_BYTES + 500, Deno.SeekMode.Start);
  await handle.write(new Uint8Array(8));
  show.end();
  await stored.expectStored(KEY, "demo.mp4");
});

Deno.test("a store that is gone for a while costs nothing but time, and is told of", async () => {
  await using log = await LogRecorder.start();
  await using stored = await StoredArchive.open();
  const { archive, server, uploader } = stored;
  const show = archive.begin("demo");
  for (let i = 0; i < 5; i++) await show.second();
  await stored.pass("a part is sent", () => server.count("UploadPart") >= 1);
  await server.close();
  for (let i = 0; i < 60; i++) await show.second();
  show.end();
  await stored.pass("it is told", () => uploader.problems[0] !== undefined);
  assert.match(
    uploader.problems[0] ?? "",
    /^Recordings cannot be stored in recordings: Unreachable: /,
  );
  await stored.pass("it waits", () => uploader.figures.waitingRecordings === 1);
  const failuresBefore = uploader.figures.failures;
  for (let i = 0; i < 60; i++) await stored.clock.advance(1000);
  assert.ok(uploader.figures.failures - failuresBefore <= 10, "it backs off");
  server.open();
  await stored.expectStored(KEY, "demo.mp4");
  assert.equal(uploader.problems[0], undefined);
  assert.equal(log.matching(/^error Cannot store recordings in recordings/).length, 1);
  assert.equal(log.matching(/^info Recordings go to recordings again/).length, 1);
});

for (
  const { fault, words, make, mend } of [
    {
      fault: "a wrong secret",
      words: /SignatureDoesNotMatch|403/,
      make: (server: S3Server) => server.key = { ...server.key, secretAccessKey: "another" },
      mend: (server: S3Server) => server.key = { ...server.key, secretAccessKey: "test-secret" },
    },
    {
      fault: "a bucket that is not there",
      words: /NoSuchBucket/,
      make: (server: S3Server) => server.hasBucket = false,
      mend: (server: S3Server) => server.hasBucket = true,
    },
    {
      fault: "a full store",
      words: /XStorageFull/,
      make: (server: S3Server) =>
        server.behave = ({ action }) => action === "UploadPart" ? 507 : "good",
      mend: (server: S3Server) => server.behave = () => "good",
    },
    {
      fault: "a store that answers 200 with an error inside",
      words: /InternalError: The store & its words for InternalError/,
      make: (server: S3Server) =>
        server.behave = ({ action }) => action === "HeadObject" ? "good" : "error in 200",
      mend: (server: S3Server) => server.behave = () => "good",
    },
    {
      fault: "a store that closes connections while a part comes",
      words: /Unreachable/,
      make: (server: S3Server) =>
        server.behave = ({ action }) => action === "UploadPart" ? "cut" : "good",
      mend: (server: S3Server) => server.behave = () => "good",
    },
    {
      fault: "a store that does nothing",
      words: /NoProgress/,
      make: (server: S3Server) => server.behave = () => "silent",
      mend: (server: S3Server) => server.behave = () => "good",
    },
  ]
) {
  Deno.test(`with ${fault} the file stays on the disk, and it is told`, async () => {
    await using stored = await StoredArchive.open({ keepsFiles: false });
    const { archive, server, uploader } = stored;
    make(server);
    const show = archive.begin("demo");
    for (let i = 0; i < 4; i++) await show.second();
    show.end();
    await archive.reach("record-complete", 1);
    await stored.pass("it is told", () => words.test(uploader.problems[0] ?? ""));
    assert.deepEqual(await stored.files(), ["demo.mp4"]);
    assert.equal(server.objects.size, 0);
    mend(server);
    await stored.pass("it is stored", async () => (await stored.files()).length === 0);
    assert.ok(server.objects.has(KEY));
    assert.equal(uploader.problems[0], undefined);
  });
}

Deno.test("an object whose answer got lost is found, and not made again", async () => {
  await using stored = await StoredArchive.open();
  const { archive, server } = stored;
  server.behave = ({ action }) => action === "CompleteMultipartUpload" ? "lost" : "good";
  await archive.record("demo", 3);
  await stored.pass("it is stored", () => stored.uploader.figures.storedRecordings === 1);
  assert.deepEqual([...server.objects.keys()], [KEY]);
  assert.equal(server.count("CompleteMultipartUpload"), 1);
});

Deno.test("an upload that the store has forgotten begins again", async () => {
  await using stored = await StoredArchive.open();
  const { archive, server } = stored;
  const show = archive.begin("demo");
  for (let i = 0; i < 6; i++) await show.second();
  await stored.pass("parts are sent", () => server.count("UploadPart") >= 2);
  server.uploads.clear();
  show.end();
  await stored.expectStored(KEY, "demo.mp4");
  assert.equal(server.count("CreateMultipartUpload"), 2);
});

Deno.test("an object that is there already stays as it is", async () => {
  await using stored = await StoredArchive.open();
  const { archive, server } = stored;
  const other = { bytes: Uint8Array.of(1), etag: "", mark: "of another box", madeAt: START };
  server.objects.set(KEY, other);
  await archive.record("demo", 2);
  await stored.expectStored(KEY.replace(".mp4", "-2.mp4"), "demo.mp4");
  assert.equal(server.objects.get(KEY), other);
});

Deno.test("a recording that is renamed while it waits keeps its key", async () => {
  await using stored = await StoredArchive.open();
  const { archive, server } = stored;
  await server.close();
  await archive.record("demo", 3);
  await stored.clock.advance(5000);
  await archive.record("demo", 3);
  assert.deepEqual(await stored.files(), ["demo.20261123T141200Z.mp4", "demo.mp4"]);
  server.open();
  await stored.expectStored(KEY, "demo.20261123T141200Z.mp4");
  await stored.pass("both are stored", () => server.objects.size === 2);
});

Deno.test("recordings from before, and of an earlier run, are sent too", async () => {
  await withFolder(async (path) => {
    await using server = S3Server.start();
    await server.close();
    {
      await using stored = await StoredArchive.open({ path, server });
      await stored.archive.record("demo", 3);
      await Deno.remove(`${path}/.uploads`, { recursive: true });
    }
    await Deno.writeTextFile(`${path}/notes.mp4`, "not Echo's");
    server.open();
    await using stored = await StoredArchive.open({ path, server });
    await stored.expectStored(KEY, "demo.mp4");
    assert.equal(server.objects.size, 1);
  });
});

Deno.test("a folder that is copied to another disk is not sent again", async () => {
  await withFolder(async (path) => {
    await using server = S3Server.start();
    {
      await using stored = await StoredArchive.open({ path, server });
      await stored.archive.record("demo", 3);
      await stored.expectStored(KEY, "demo.mp4");
    }
    await Deno.copyFile(`${path}/demo.mp4`, `${path}/copy`);
    await Deno.remove(`${path}/demo.mp4`);
    await Deno.rename(`${path}/copy`, `${path}/demo.mp4`);
    await using stored = await StoredArchive.open({ path, server });
    for (let i = 0; i < 150; i++) await stored.clock.advance(1000);
    assert.deepEqual([...server.objects.keys()], [KEY]);
    assert.equal(server.count("CreateMultipartUpload"), 1);
  });
});

Deno.test("what somebody deletes is not sent any further, and the store forgets it", async () => {
  await using stored = await StoredArchive.open();
  const { archive, server } = stored;
  server.behave = ({ action }) => action === "CompleteMultipartUpload" ? 503 : "good";
  await archive.record("demo", 3);
  await stored.pass("it is tried", () => server.count("CompleteMultipartUpload") > 0);
  await Deno.remove(archive.folder.pathOf("demo.mp4"));
  await stored.pass("it is given up", () => server.uploads.size === 0);
  assert.equal(server.objects.size, 0);
});

Deno.test("limits delete nothing that is not in the bucket", async () => {
  await using stored = await StoredArchive.open({ maxBytes: 1 });
  const { archive, server } = stored;
  await server.close();
  await archive.record("demo", 3);
  for (let i = 0; i < 130; i++) await stored.clock.advance(1000);
  assert.deepEqual(await stored.files(), ["demo.mp4"]);
  server.open();
  await stored.pass("it is deleted", async () => (await stored.files()).length === 0);
  assert.ok(server.objects.has(KEY));
});

Deno.test("limits delete what does not go to the bucket, as without one", async () => {
  await using stored = await StoredArchive.open({ maxBytes: 1 });
  const { archive, server } = stored;
  await server.close();
  await Deno.mkdir(archive.folder.path, { recursive: true });
  await Deno.writeTextFile(archive.folder.pathOf("notes.mp4"), "not Echo's");
  await Deno.writeTextFile(archive.folder.pathOf("a.20261123T141200Z.mp4.damaged"), "damaged");
  await stored.pass("they are deleted", async () => (await stored.files()).length === 0);
});

Deno.test("where nothing can be kept of uploads, as on a full disk, they go on", async () => {
  await using log = await LogRecorder.start();
  await using stored = await StoredArchive.open({ keepsFiles: false });
  const { archive, server } = stored;
  server.behave = ({ action }) => action === "CreateMultipartUpload" ? 503 : "good";
  await archive.record("demo", 5);
  await stored.pass("it is tried", () => server.count("CreateMultipartUpload") > 0);
  await Deno.remove(`${archive.folder.path}/.uploads`, { recursive: true });
  server.behave = () => "good";
  await stored.pass("it has left the disk", async () => (await stored.files()).length === 0);
  assert.ok(server.objects.has(KEY));
  assert.equal(log.matching(/^warning Cannot use .*uploads, so a restart sends/).length, 1);
});

Deno.test("an upload that can never be completed is tried ever less often, and told of", async () => {
  await using stored = await StoredArchive.open();
  const { archive, server, uploader, clock } = stored;
  server.behave = ({ action }) => action === "CompleteMultipartUpload" ? 400 : "good";
  await archive.record("demo", 3);
  await stored.pass("it is told", () => uploader.problems.length > 0);
  assert.match(uploader.problems[0] ?? "", /^rec\/demo\/.*\.mp4 cannot be stored: InvalidPart: /);
  const { failures } = uploader.figures;
  for (let i = 0; i < 600; i++) await clock.advance(1000);
  assert.ok(uploader.figures.failures - failures <= 3, `${uploader.figures.failures}`);
  assert.deepEqual(await stored.files(), ["demo.mp4"]);
  server.behave = () => "good";
  await clock.advance(3_600_000);
  await stored.expectStored(KEY, "demo.mp4");
  await stored.pass("nothing is wrong", () => uploader.problems.length === 0);
  await stored.pass("nothing is left of it", () => server.uploads.size === 0);
});

Deno.test("an object that is not what was sent is deleted, and no other is made beside it", async () => {
  await using stored = await StoredArchive.open();
  const { archive, server, uploader, clock } = stored;
  server.behave = ({ action }) => {
    const made = server.objects.get(KEY);
    if (action === "HeadObject" && made !== undefined) {
      server.objects.set(KEY, { ...made, bytes: made.bytes.subarray(0, 10) });
    }
    return "good";
  };
  await archive.record("demo", 3);
  await stored.pass("it is told", () => uploader.problems.length > 0);
  assert.match(uploader.problems[0] ?? "", /WrongSize: expected \d+ bytes of .*, got 10$/);
  assert.equal(server.objects.size, 0);
  server.behave = () => "good";
  await clock.advance(3_600_000);
  await stored.expectStored(KEY, "demo.mp4");
});

Deno.test("an upload that was given up is forgotten by the store in the end", async () => {
  await using stored = await StoredArchive.open();
  const { archive, server } = stored;
  let isLost = true;
  server.behave = ({ action }) => {
    if (action === "AbortMultipartUpload" && server.objects.size === 0) return 503;
    if (action !== "UploadPart" || !isLost) return "good";
    isLost = false;
    return 404;
  };
  await archive.record("demo", 3);
  await stored.expectStored(KEY, "demo.mp4");
  assert.equal(server.count("CreateMultipartUpload"), 2);
  await stored.pass("it is forgotten", () => server.uploads.size === 0);
});

Deno.test("of two boxes that make the same object at once, neither costs the other's", async () => {
  await using stored = await StoredArchive.open();
  const { archive, server } = stored;
  const other = { bytes: Uint8Array.of(1), etag: "", mark: "of another box", madeAt: START };
  server.behave = ({ action }) => {
    if (action === "CompleteMultipartUpload" && server.objects.size === 0) {
      server.objects.set(KEY, other);
    }
    return "good";
  };
  await archive.record("demo", 2);
  await stored.pass("both are there", () => server.objects.size === 2);
  assert.equal(server.objects.get(KEY), other);
  await stored.expectStored(KEY.replace(".mp4", "-2.mp4"), "demo.mp4");
});

Deno.test("where the other box's object replaces one, it is sent again beside it", async () => {
  await using stored = await StoredArchive.open();
  const { archive, server } = stored;
  const other = { bytes: Uint8Array.of(1), etag: "", mark: "of another box", madeAt: START };
  server.behave = ({ action }) => {
    if (action === "HeadObject" && server.objects.has(KEY)) server.objects.set(KEY, other);
    return "good";
  };
  await archive.record("demo", 2);
  await stored.expectStored(KEY.replace(".mp4", "-2.mp4"), "demo.mp4");
  assert.equal(server.objects.get(KEY), other);
});

Deno.test("a store that knows no condition is asked without", async () => {
  await using stored = await StoredArchive.open();
  const { archive, server } = stored;
  let refusals = 0;
  server.behave = ({ action }) =>
    action === "CompleteMultipartUpload" && refusals++ === 0 ? 501 : "good";
  await archive.record("demo", 2);
  await stored.expectStored(KEY, "demo.mp4");
  assert.equal(stored.uploader.figures.failures, 0);
});

Deno.test("16 requests are under way at a time, and one while the store fails", async () => {
  await using stored = await StoredArchive.open();
  const { archive, server } = stored;
  await server.close();
  for (let i = 0; i < 30; i++) await archive.record(`demo${i}`, 1);
  server.mostUnderWay = 0;
  const { promise, resolve } = Promise.withResolvers<"good">();
  server.behave = () => promise;
  server.open();
  await stored.pass("one asks", () => server.requests.length === 1);
  for (let i = 0; i < 20; i++) await stored.clock.advance(1000);
  assert.equal(server.mostUnderWay, 1);
  resolve("good");
  await stored.pass("all are stored", () => server.objects.size === 30);
  assert.ok(server.mostUnderWay <= 16, `${server.mostUnderWay}`);
});

Deno.test("a second server with the same folder sends nothing", async () => {
  await withFolder(async (path) => {
    await using server = S3Server.start();
    await using first = await StoredArchive.open({ path, server });
    await first.archive.record("demo", 2);
    await first.expectStored(KEY, "demo.mp4");
    const { length } = server.requests;
    await using second = await StoredArchive.open({ path, server });
    for (let i = 0; i < 70; i++) await second.clock.advance(1000);
    assert.equal(server.requests.length, length);
  });
});
