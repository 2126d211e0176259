/** How a folder that cannot be written is noticed, told and forgotten again. */
import assert from "node:assert/strict";
import { FolderWatch } from "../../src/disk/folder_watch.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { LogRecorder } from "../../testing/log_recorder.ts";
import { withFolder } from "../../testing/temporary_folder.ts";
import { until } from "../../testing/until.ts";

const consequence = "broadcasts are not recorded";

Deno.test("a folder that cannot be written is a problem until it can, and both are said once", () =>
  withFolder(async (root) => {
    await using log = await LogRecorder.start();
    const clock = new FakeClock();
    await Deno.writeTextFile(`${root}/file`, "in the way");
    const path = `${root}/file/record`;
    const watch = new FolderWatch(clock, { path, consequence });
    await until("it is a problem", () => watch.problem !== undefined);
    assert.match(watch.problem ?? "", /^Cannot write to .*\/file\/record: Not a directory/);
    await clock.advance(30_000);

    await Deno.remove(`${root}/file`);
    await until("it is none any more", async () => {
      await clock.advance(10_000);
      return watch.problem === undefined;
    });
    assert.match(
      log.lines[0] ?? "",
      /^error Cannot write to .*, broadcasts are not recorded: Not a/,
    );
    assert.match(log.lines[1] ?? "", /^info .*\/file\/record can be written again$/);
    assert.equal(log.lines.length, 2);
    await until("nothing is left in it", () => [...Deno.readDirSync(path)].length === 0);
    watch.close();
    assert.equal(clock.timerCount, 0);
  }));

Deno.test("a folder that somebody else logs is only a problem", () =>
  withFolder(async (root) => {
    await using log = await LogRecorder.start();
    await Deno.writeTextFile(`${root}/file`, "in the way");
    const watch = new FolderWatch(new FakeClock(), {
      path: `${root}/file/hls`,
      consequence: undefined,
    });
    await until("it is a problem", () => watch.problem !== undefined);
    assert.deepEqual(log.lines, []);
    watch.close();
  }));

Deno.test("a disk that does not answer is a problem until it does", async () => {
  const mkdir = Deno.mkdir;
  const { promise, resolve } = Promise.withResolvers<void>();
  Deno.mkdir = () => promise;
  try {
    await withFolder(async (root) => {
      const clock = new FakeClock();
      const watch = new FolderWatch(clock, { path: root, consequence });
      assert.equal(watch.problem, undefined);
      await clock.advance(10_000);
      assert.match(watch.problem ?? "", /: the disk does not answer$/);
      resolve();
      await until("it answers", () => watch.problem === undefined);
      watch.close();
    });
  } finally {
    Deno.mkdir = mkdir;
  }
});
