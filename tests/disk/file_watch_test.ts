/** A file that is watched: each change is told once, however it was made. */
import assert from "node:assert/strict";
import { FileWatch } from "../../src/disk/file_watch.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { withFolder } from "../../testing/temporary_folder.ts";
import { until } from "../../testing/until.ts";

Deno.test("a file that is written, replaced, removed or put there has changed, once each time", async () => {
  await withFolder(async (folder) => {
    const clock = new FakeClock();
    const path = `${folder}/file`;
    await Deno.writeTextFile(path, "first");
    const looks: boolean[] = [];
    const watch = new FileWatch(clock, path, (changed) => void looks.push(changed));
    const look = async () => {
      const before = looks.length;
      await clock.advance(2000);
      await until("it has looked", () => looks.length > before);
      return looks.at(-1);
    };
    const changes: Record<string, () => Promise<void>> = {
      "the first time": () => Promise.resolve(),
      "written": () => Deno.writeTextFile(path, "another text"),
      "replaced": async () => {
        await Deno.writeTextFile(`${path}.new`, "another text");
        await Deno.rename(`${path}.new`, path);
      },
      "removed": () => Deno.remove(path),
      "put there": () => Deno.writeTextFile(path, "first"),
      "another path": async () => {
        await Deno.writeTextFile(`${folder}/other`, "");
        watch.follow(`${folder}/other`);
      },
    };
    try {
      for (const [what, change] of Object.entries(changes)) {
        await change();
        assert.deepEqual([what, await look(), await look()], [what, true, false]);
      }
    } finally {
      watch.close();
    }
  });
});
