/** What a broadcast that begins file after file costs the disk, and the other broadcasts. */
import assert from "node:assert/strict";
import { type OpenPart, RecordFolder } from "../../src/record/record_folder.ts";
import { audioConfig } from "../../testing/audio/access_units.ts";
import { Archive, type Show } from "../../testing/record/archive.ts";
import { until } from "../../testing/until.ts";

const CONFIGS = [audioConfig(), audioConfig({ channelConfiguration: 1 })] as const;

/** A folder that can be told to hang, and knows which parts are open. */
class SlowFolder extends RecordFolder {
  readonly open = new Set<string>();
  created = 0;
  /** What finishing waits for. */
  finishing = Promise.resolve();
  /** What writes to parts of `hung` wait for. */
  writing = Promise.resolve();
  hung = "";

  override async create(name: string, startTime: number): Promise<OpenPart> {
    const part = await super.create(name, startTime);
    const { file, handle } = part;
    this.created++;
    this.open.add(file);
    const close = handle.close.bind(handle);
    handle.close = () => {
      this.open.delete(file);
      close();
    };
    const write = handle.write.bind(handle);
    handle.write = async (bytes) => {
      if (name === this.hung) await this.writing;
      return await write(bytes);
    };
    return part;
  }

  override async finish(...call: Parameters<RecordFolder["finish"]>) {
    await this.finishing;
    return await super.finish(...call);
  }
}

async function slowArchive(): Promise<{ archive: Archive; folder: SlowFolder }> {
  const archive = await Archive.open({ makeFolder: (path) => new SlowFolder(path) });
  const { folder } = archive;
  assert.ok(folder instanceof SlowFolder);
  return { archive, folder };
}

/** Some seconds, each of another configuration than the one before. */
async function change(show: Show, seconds: number): Promise<void> {
  for (let i = 0; i < seconds; i++) {
    show.configure(CONFIGS[i % 2] ?? CONFIGS[0]);
    await show.second();
  }
}

Deno.test("recordings that wait to be finished keep no file open", async () => {
  const { archive, folder } = await slowArchive();
  await using _archive = archive;
  const finishing = Promise.withResolvers<void>();
  folder.finishing = finishing.promise;
  const show = archive.begin("demo");
  await change(show, 6);
  await until("only the last one is open", () => folder.created === 6 && folder.open.size <= 1);
  finishing.resolve();
  show.end();
  await archive.reach("record-complete", 6);
  assert.equal(folder.open.size, 0);
});

Deno.test("no more than so many recordings of a name wait to be finished", async () => {
  const { archive, folder } = await slowArchive();
  await using _archive = archive;
  const finishing = Promise.withResolvers<void>();
  folder.finishing = finishing.promise;
  const show = archive.begin("demo");
  await change(show, 40);
  await archive.reach("record-error", 1);
  assert.ok(folder.created <= 10, `${folder.created} files`);
  const [error] = archive.of("record-error");
  assert.match(String(error && "message" in error && error.message), /wait to be finished/);
  finishing.resolve();
  await archive.reach("record-complete", folder.created);
  const { created } = folder;
  await until("recording goes on", async () => {
    await show.second();
    return folder.created > created;
  });
  show.end();
  await archive.reach("record-complete", created + 1);
  assert.equal(archive.count("record-error"), 1);
});

Deno.test("what hangs on the disk for one name delays no other", async () => {
  const { archive, folder } = await slowArchive();
  await using _archive = archive;
  const writing = Promise.withResolvers<void>();
  folder.writing = writing.promise;
  folder.hung = "bad";
  const bad = archive.begin("bad");
  await change(bad, 12);
  const frames = await archive.record("good", 3);
  assert.deepEqual(await archive.frames("good.mp4"), frames);
  writing.resolve();
  bad.end();
  await until("all are closed", () => folder.open.size === 0);
});
