/** Damaged files in the folder of recordings: each is kept or set aside, and stops nothing else. */
import assert from "node:assert/strict";
import { FileError } from "../../src/disk/small_file.ts";
import { Catalogue } from "../../src/record/catalogue.ts";
import { RecordFolder } from "../../src/record/record_folder.ts";
import { recordRoutes } from "../../src/record/routes.ts";
import { until } from "../../testing/until.ts";
import { LogRecorder } from "../../testing/log_recorder.ts";
import { Archive, SECOND, START } from "../../testing/record/archive.ts";

const DAY = 86_400_000;

/** Ways in which a file of the archive may be bad; each makes one at a path. */
const BAD: Readonly<Record<string, (path: string, good: Uint8Array) => void | Promise<void>>> = {
  "is cut off in its header": (path, good) => Deno.writeFile(path, good.subarray(0, 300)),
  "is cut off in its audio": (path, good) => Deno.writeFile(path, good.subarray(0, 1500)),
  "has a movie box of a few bytes": (path, good) => {
    const bytes = good.slice();
    bytes.set([0, 0, 0, 12], find(bytes, "mdhd") - 4);
    return Deno.writeFile(path, bytes);
  },
  "began when no clock goes": (path, good) => {
    const bytes = good.slice();
    bytes.fill(0x7f, find(bytes, "mdhd") + 8, find(bytes, "mdhd") + 16);
    return Deno.writeFile(path, bytes);
  },
  "claims 4 GB": (path, good) => {
    const bytes = good.slice();
    bytes.fill(0xff, 44, 48);
    return Deno.writeFile(path, bytes);
  },
  "is all zeros": (path, good) => Deno.writeFile(path, new Uint8Array(good.length)),
  "is empty": (path) => Deno.writeFile(path, new Uint8Array()),
  "is noise": (path, good) => Deno.writeFile(path, good.map((_, i) => (i * 7919) >> 3)),
  "is a folder": (path) => Deno.mkdir(`${path}/more`, { recursive: true }),
  "is a pipe": async (path) => {
    await new Deno.Command("mkfifo", { args: [path] }).output();
  },
  "is a link to nothing": (path) => Deno.symlink("/nowhere/at/all", path),
  "is a link to itself": (path) => Deno.symlink(path, path),
};

for (const [how, spoil] of Object.entries(BAD)) {
  Deno.test(`a recording that ${how} spoils neither the list nor later ones of its name`, async () => {
    await using archive = await Archive.open();
    const good = await archive.record("good", 2);
    await spoil(archive.folder.pathOf("demo.mp4"), await archive.read("good.mp4"));
    await assertListed(archive, "good.mp4");

    const frames = await archive.record("demo", 2);
    await assertListed(archive, "good.mp4", "demo.mp4");
    assert.deepEqual(await archive.frames("demo.mp4"), frames);
    assert.deepEqual(await archive.frames("good.mp4"), good);
    assert.equal((await archive.files()).length, 3, "what was there is kept");
  });

  Deno.test(`with append, a recording that ${how} is not continued but kept`, async () => {
    await using archive = await Archive.open({ append: true });
    await archive.record("good", 2);
    await spoil(archive.folder.pathOf("demo.mp4"), await archive.read("good.mp4"));
    const frames = await archive.record("demo", 2);
    assert.deepEqual(await archive.frames("demo.mp4"), frames);
    assert.equal((await archive.files()).length, 3, "what was there is kept");
  });

  Deno.test(`a part that ${how} keeps nothing else from being finished`, async () => {
    await using archive = await Archive.open();
    await archive.record("good", 2);
    const bytes = await archive.read("good.mp4");
    await spoil(archive.folder.pathOf("a.20261123T131200Z.mp4.part"), bytes);
    await Deno.writeFile(archive.folder.pathOf("b.20261123T141200Z.mp4.part"), bytes);
    await using next = await Archive.open({ path: archive.folder.path });
    await until("the other is finished", async () => (await next.files()).includes("b.mp4"));
  });
}

Deno.test("a part of which nothing can be made is set aside under a name of its own, and said", async () => {
  await using log = await LogRecorder.start();
  await using archive = await Archive.open();
  await archive.record("good", 1);
  const part = "demo.20261123T131200Z.mp4.part";
  const leave = (text: string) => Deno.writeTextFile(archive.folder.pathOf(part), text);
  await Deno.writeTextFile(archive.folder.pathOf("demo.20261123T131200Z.mp4.damaged"), "before");
  await leave("not a recording");
  await using next = await Archive.open({ path: archive.folder.path });
  const aside = "demo.20261123T131200Z-2.mp4.damaged";
  await until("it is set aside", async () => (await next.files()).includes(aside));
  assert.equal(await Deno.readTextFile(next.folder.pathOf(aside)), "not a recording");
  await next.clock.advance(60_000);
  assert.deepEqual(await next.files(), [
    ...[aside, "demo.20261123T131200Z.mp4.damaged", "good.mp4"],
  ]);
  assert.equal(
    log.matching(/^error .*Cannot finish .*demo\.20261123T131200Z-2\.mp4\.damaged/).length,
    1,
  );

  const list = await assertListed(next, "good.mp4");
  assert.deepEqual(
    list.filter(({ state }) => state === "damaged").map(({ file, start }) => [file, start]),
    [[aside.replace("-2", ""), "2026-11-23T13:12:00.000Z"], [aside, "2026-11-23T13:12:00.000Z"]],
  );
  const response = await routesOf(next).request(`/${aside}`);
  assert.equal(await response.text(), "not a recording");
  assert.equal((await routesOf(next).request(`/${aside}`, { method: "DELETE" })).status, 204);
});

Deno.test("a recording that is replaced and cannot be read is kept by a name that is said", async () => {
  await using log = await LogRecorder.start();
  await using archive = await Archive.open();
  await archive.record("demo", 1);
  const path = archive.folder.pathOf("demo.mp4");
  const whole = await Deno.readFile(path);
  await Deno.writeFile(path, whole.subarray(0, 200));
  await Deno.utime(path, START / 1000, START / 1000);
  await archive.record("demo", 1);
  assert.deepEqual(await archive.files(), ["demo.20261123T141200Z.mp4", "demo.mp4"]);
  assert.match(
    log.matching(/^warning /).join(),
    /demo\.mp4 .*kept as demo\.20261123T141200Z\.mp4: Cannot/,
  );
});

Deno.test("what is set aside is deleted by age and size as recordings are, folders and pipes are not", async () => {
  await using archive = await Archive.open({ maxAgeMs: DAY });
  await Deno.mkdir(archive.folder.path, { recursive: true });
  const old = ["a.mp4", "b.20261101T141200Z.mp4.damaged", "c.20261101T141200Z.mp4"];
  for (const file of old) await Deno.writeTextFile(archive.folder.pathOf(file), "damage");
  await Deno.mkdir(archive.folder.pathOf("d.mp4"));
  for (const file of [...old, "d.mp4"]) {
    await Deno.utime(archive.folder.pathOf(file), START / 1000 - 9e5, START / 1000 - 9e5);
  }
  await until("they are deleted", async () => {
    // The sweep of the start may be under way, which saw a part of them: another follows each minute.
    await archive.clock.advance(60_000);
    return (await archive.files()).length === 1;
  });
  assert.deepEqual(await archive.files(), ["d.mp4"]);
});

/** A folder of which some files cannot be used, as of another user or a bad sector. */
class SpoiltFolder extends RecordFolder {
  override async finish(...args: Parameters<RecordFolder["finish"]>) {
    if (args[0].file.startsWith("bad")) throw new FileError("not allowed");
    return await super.finish(...args);
  }

  override async read(file: string) {
    if (file.startsWith("bad")) throw new Error("Input/output error (os error 5)");
    return await super.read(file);
  }

  override async remove(file: string) {
    if (file.startsWith("bad")) throw new Deno.errors.PermissionDenied("not allowed");
    await super.remove(file);
  }
}

Deno.test("files that can be neither read nor finished nor deleted stop nothing for others", async () => {
  await using log = await LogRecorder.start();
  await using before = await Archive.open();
  await before.record("good", 1);
  const bytes = await before.read("good.mp4");
  const leave = async (file: string, ageMs: number, content = bytes) => {
    await Deno.writeFile(before.folder.pathOf(file), content);
    const changed = (START - ageMs) / 1000;
    await Deno.utime(before.folder.pathOf(file), changed, changed);
  };
  await leave("bad.mp4", 9 * DAY);
  await leave("bad.20261101T141200Z.mp4.part", 8 * DAY);
  await leave("bad.20261102T141200Z.mp4.part", 8 * DAY, new Uint8Array());
  await leave("old.mp4", 7 * DAY);
  await leave("new.20261123T131200Z.mp4.part", DAY / 24);
  const makeFolder = (path: string) => new SpoiltFolder(path);
  await using archive = await Archive.open({ path: before.folder.path, maxAgeMs: DAY, makeFolder });
  await until("the others are dealt with", async () => {
    const files = await archive.files();
    return files.includes("new.mp4") && !files.includes("old.mp4");
  });
  await assertListed(archive, "good.mp4", "new.mp4");
  await assertListed(archive, "good.mp4", "new.mp4");
  for (let minute = 0; minute < 3; minute++) await archive.clock.advance(60_000);
  for (const said of ["delete bad.mp4", "finish bad.20261101T141200Z.mp4.part"]) {
    assert.equal(log.lines.filter((line) => line.includes(`Cannot ${said}`)).length, 1, said);
  }
});

Deno.test("a recording gets a name of its own where the last one of its name cannot be moved", async () => {
  class StuckFolder extends RecordFolder {
    override async move(from: string, to: string) {
      if (from === "demo.mp4") throw new Deno.errors.PermissionDenied("not allowed");
      await super.move(from, to);
    }
  }
  await using archive = await Archive.open({ makeFolder: (path) => new StuckFolder(path) });
  await archive.record("demo", 1);
  const frames = await archive.record("demo", 1);
  assert.deepEqual(await archive.files(), ["demo.20261123T141201Z.mp4", "demo.mp4"]);
  assert.deepEqual(await archive.frames("demo.20261123T141201Z.mp4"), frames);
});

Deno.test("names that are no recordings' are passed over, whatever they look like", async () => {
  await using archive = await Archive.open();
  await archive.record("good", 1);
  const odd = [
    ...["a.20269999T999999Z.mp4", "a.20269999T999999Z.mp4.part", "a.20261301T000000Z.mp4"],
    ...["a.mp4.part", "a.mp4.damaged", ".mp4", "é.mp4", "a b.mp4", "a.mp4~", "-", "a\n.mp4"],
  ];
  for (const file of odd) await Deno.writeTextFile(archive.folder.pathOf(file), "odd");
  const list = await assertListed(archive, "good.mp4");
  assert.deepEqual(list.map(({ file }) => file), ["good.mp4"]);
  await archive.clock.advance(60_000);
  assert.equal((await archive.files()).length, odd.length + 1);
});

Deno.test("a pipe or a link in the place of a recording is not sent, and holds up nobody", async () => {
  await using archive = await Archive.open();
  const app = routesOf(archive);
  await archive.record("good", 1);
  await BAD["is a pipe"]?.(archive.folder.pathOf("pipe.mp4"), new Uint8Array());
  await Deno.symlink("/etc/hostname", archive.folder.pathOf("link.mp4"));
  for (const file of ["pipe.mp4", "link.mp4"]) {
    for (const method of ["GET", "DELETE"]) {
      assert.equal((await app.request(`/${file}`, { method })).status, 404, `${method} ${file}`);
    }
  }
  assert.equal((await app.request("/good.mp4")).status, 200);
});

Deno.test("damage in a part that a crash left costs what is damaged, and is said", async () => {
  await using log = await LogRecorder.start();
  await using archive = await Archive.open();
  const show = archive.begin("demo");
  for (let i = 0; i < 5; i++) await show.second();
  await archive.reach("record-start", 1);
  const [part = ""] = await archive.files();
  const path = archive.folder.pathOf(part);
  await until(
    "it is written",
    () => archive.recorder.find(part)?.durationMs === 5 * SECOND * 1024 / 48,
  );
  const bytes = await Deno.readFile(path);
  await Deno.mkdir(`${archive.folder.path}2`);
  let second = find(bytes, "moof");
  second = find(bytes, "moof", second + 4);
  bytes.fill(0, second, second + 30);
  await Deno.writeFile(`${archive.folder.path}2/${part}`, bytes);
  await using next = await Archive.open({ path: `${archive.folder.path}2` });
  await until("it is finished", async () => (await next.files()).includes("demo.mp4"));
  const kept = show.frames.filter((_, i) => i < SECOND || i >= 2 * SECOND);
  assert.deepEqual(await next.frames("demo.mp4"), kept);
  await log.until(/demo\.mp4.* damaged/);
  show.end();
});

function routesOf(archive: Archive) {
  const catalogue = new Catalogue(archive.folder, archive.recorder);
  return recordRoutes({ catalogue, guard: (_, next) => next() });
}

/** The list, in which `files` are finished recordings of which all is known. */
async function assertListed(
  archive: Archive,
  ...files: string[]
): Promise<Record<string, unknown>[]> {
  const response = await routesOf(archive).request("/");
  assert.equal(response.status, 200);
  const list: Record<string, unknown>[] = await response.json();
  for (const file of files) {
    const entry = list.find((entry) => entry["file"] === file);
    assert.equal(entry?.["state"], "finished", file);
    assert.equal(typeof entry?.["duration"], "number", file);
  }
  return list;
}

/** Where a box's type stands in a file. */
function find(bytes: Uint8Array, type: string, from = 0): number {
  const at = new TextDecoder("latin1").decode(bytes).indexOf(type, from);
  assert.ok(at >= 0, type);
  return at;
}
