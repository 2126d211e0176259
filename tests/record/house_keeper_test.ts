/** Which old recordings are deleted, by age and by size. */
import assert from "node:assert/strict";
import { HouseKeeper, type HouseRules } from "../../src/record/house_keeper.ts";
import { RecordFolder } from "../../src/record/record_folder.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { LogRecorder } from "../../testing/log_recorder.ts";
import { START } from "../../testing/record/archive.ts";

const DAY = 86_400_000;

/** A folder with files of 100 bytes: finished ones of three days, one live, one of somebody else. */
async function keepHouse(
  rules: Partial<HouseRules>,
  act: (keeper: HouseKeeper, clock: FakeClock) => Promise<void> = (keeper) => keeper.clean(),
  makeFolder = (path: string) => new RecordFolder(path),
): Promise<string[]> {
  const path = await Deno.makeTempDir({ prefix: "echo-record-" });
  try {
    const clock = new FakeClock(START);
    const days = {
      "a.mp4": 3,
      "b.20261121T141200Z.mp4": 2,
      "b.mp4": 1,
      "c.20261101T141200Z.mp4.part": 30,
      "notes.txt": 30,
    };
    for (const [file, age] of Object.entries(days)) {
      await Deno.writeFile(`${path}/${file}`, new Uint8Array(100));
      const changed = (START - age * DAY) / 1000;
      await Deno.utime(`${path}/${file}`, changed, changed);
    }
    const folder = makeFolder(path);
    await act(new HouseKeeper(folder, { maxAgeMs: 0, maxBytes: 0, ...rules }, clock), clock);
    const left = Array.from(Deno.readDirSync(path), ({ name }) => name);
    return left.filter((file) => /^[ab]/.test(file)).sort();
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

const ALL = ["a.mp4", "b.20261121T141200Z.mp4", "b.mp4"];

Deno.test("without rules everything is kept", async () => {
  assert.deepEqual(await keepHouse({}), ALL);
});

Deno.test("finished recordings that are too old are deleted", async () => {
  assert.deepEqual(await keepHouse({ maxAgeMs: 2.5 * DAY }), ALL.slice(1));
  assert.deepEqual(await keepHouse({ maxAgeMs: 1.5 * DAY }), ALL.slice(2));
  assert.deepEqual(await keepHouse({ maxAgeMs: 1 }), []);
});

Deno.test("the oldest finished recordings are deleted until the rest fits, what is live included", async () => {
  assert.deepEqual(await keepHouse({ maxBytes: 400 }), ALL);
  assert.deepEqual(await keepHouse({ maxBytes: 399 }), ALL.slice(1));
  assert.deepEqual(await keepHouse({ maxBytes: 200 }), ALL.slice(2));
  assert.deepEqual(await keepHouse({ maxBytes: 1 }), []);
});

/** A folder whose oldest recording cannot be deleted. */
class StuckFolder extends RecordFolder {
  override async remove(file: string) {
    if (file === "a.mp4") throw new Deno.errors.PermissionDenied("not allowed");
    await super.remove(file);
  }
}

Deno.test("no recording is deleted in the place of one that cannot be deleted, which is said once", async () => {
  await using log = await LogRecorder.start();
  const clean = (maxBytes: number) =>
    keepHouse({ maxBytes }, async (keeper) => {
      for (let i = 0; i < 3; i++) await keeper.clean();
    }, (path) => new StuckFolder(path));
  assert.deepEqual(await clean(399), ALL);
  assert.deepEqual(await clean(300), ALL);
  assert.equal(log.matching(/Cannot delete a\.mp4/).length, 2, "once for each folder");
  assert.deepEqual(await clean(299), ["a.mp4", "b.mp4"]);
  assert.deepEqual(await clean(1), ["a.mp4"]);
});

Deno.test("other rules count from the next cleaning on", async () => {
  const kept = await keepHouse({}, async (keeper) => {
    await keeper.clean();
    keeper.rules = { maxAgeMs: 0, maxBytes: 200 };
    await keeper.clean();
  });
  assert.deepEqual(kept, ALL.slice(2));
});

Deno.test("a clock that is set wrong for a while empties no archive", async () => {
  const kept = await keepHouse({ maxAgeMs: 4 * DAY }, async (keeper, clock) => {
    await keeper.clean();
    clock.setWall(START + 1000 * DAY);
    for (let minute = 0; minute < 59; minute++) {
      await keeper.clean();
      await clock.advance(60_000);
    }
    clock.setWall(START);
    await keeper.clean();
  });
  assert.deepEqual(kept, ALL);
});

Deno.test("a clock that was set right is believed after an hour", async () => {
  const kept = await keepHouse({ maxAgeMs: 2.5 * DAY }, async (keeper, clock) => {
    clock.setWall(START + DAY);
    await keeper.clean();
    await clock.advance(3_600_000);
    await keeper.clean();
  });
  assert.deepEqual(kept, ["b.mp4"]);
});
