/** Whether recordings have what is heard of a fallback file, or silence in its place. */
import assert from "node:assert/strict";
import { type OpenPart, RecordFolder } from "../../src/record/record_folder.ts";
import { Archive, SECOND, SILENT } from "../../testing/record/archive.ts";

/** Of the file: a second and a half. */
const STAND_IN = Array.from({ length: SECOND * 1.5 | 0 }, (_, i) => Uint8Array.of(200 + i % 7, 0));

/** A second of a DJ, the fallback, and another second of the DJ where he is `back`. */
async function record(
  { recordsFallback, back }: { recordsFallback: boolean; back: boolean },
): Promise<{ sent: Uint8Array[]; recorded: Uint8Array[] }> {
  await using archive = await Archive.open({ recordsFallback });
  const show = archive.begin("demo");
  await show.second();
  for (const data of STAND_IN) show.write(data, "fallback");
  await archive.clock.advance(1500);
  if (back) await show.second();
  show.end();
  await archive.reach("record-complete", 1);
  assert.deepEqual(await archive.files(), ["demo.mp4"]);
  return { sent: show.frames, recorded: await archive.frames("demo.mp4") };
}

Deno.test("a recording has silence in place of a fallback", async () => {
  const { sent, recorded } = await record({ recordsFallback: false, back: true });
  assert.deepEqual(
    recorded,
    sent.map((unit) => STAND_IN.some((it) => it === unit) ? SILENT : unit),
  );
});

Deno.test("it ends with the last audio of a DJ who does not come back", async () => {
  const { sent, recorded } = await record({ recordsFallback: false, back: false });
  assert.deepEqual(recorded, sent.slice(0, SECOND));
});

Deno.test("where it is to have the fallback, it has all of it", async () => {
  for (const back of [true, false]) {
    const { sent, recorded } = await record({ recordsFallback: true, back });
    assert.deepEqual(recorded, sent);
  }
});

/** A folder on a disk far away: each write takes 10 ms. */
class FarFolder extends RecordFolder {
  /** How long all writes took so far. */
  spentMs = 0;

  override async create(name: string, startTime: number): Promise<OpenPart> {
    const part = await super.create(name, startTime);
    const { handle } = part;
    const write = handle.write.bind(handle);
    handle.write = async (bytes) => {
      this.spentMs += 10;
      return await write(bytes);
    };
    return part;
  }
}

Deno.test("hours of a fallback hold up nothing that comes behind them", async () => {
  let folder: FarFolder | undefined;
  const makeFolder = (path: string) => folder = new FarFolder(path);
  await using archive = await Archive.open({ makeFolder });
  const show = archive.begin("demo");
  await show.second();
  const hours = 3 * 3600 * SECOND;
  for (let i = 0; i < hours; i++) show.write(SILENT, "fallback");
  show.audio(SECOND);
  show.end();
  await archive.reach("record-complete", 1);
  const recorded = await archive.frames("demo.mp4");
  assert.equal(recorded.length, SECOND + hours + SECOND);
  assert.deepEqual(recorded.slice(-SECOND), show.frames.slice(-SECOND));
  assert.ok(recorded.slice(SECOND, -SECOND).every((unit) => unit.length === SILENT.length));
  // A recording breaks off where something waits for the disk for 8 s.
  assert.ok(Number(folder?.spentMs) < 2000, `${folder?.spentMs} ms`);
});
