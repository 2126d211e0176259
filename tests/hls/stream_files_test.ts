/** How broadcasts write their files, and that what one does on the disk leaves room for the others. */
import assert from "node:assert/strict";
import { HlsFolder } from "../../src/hls/stream_files.ts";
import { withFolder } from "../../testing/temporary_folder.ts";

Deno.test("writes of one broadcast that hang delay no other", async () => {
  await withFolder(async (path) => {
    const folder = new HlsFolder(path);
    const bytes = new Uint8Array(1000);
    // To write to a pipe that nobody reads from hangs.
    const segments = Array.from({ length: 12 }, (_, i) => `${i}.ts`);
    const pipes = segments.map((file) => `.${file}.new`);
    await Deno.mkdir(`${path}/bad`);
    for (const pipe of pipes) {
      await new Deno.Command("mkfifo", { args: [`${path}/bad/${pipe}`] }).output();
    }
    const bad = folder.stream("bad");
    const hanging = segments.map((file) => bad.writeSegment(file, bytes));
    assert.equal(await folder.stream("good").writeSegment("1.ts", bytes), true);
    assert.deepEqual(await Deno.readFile(`${path}/good/1.ts`), bytes);
    for (const pipe of pipes) await Deno.readFile(`${path}/bad/${pipe}`);
    assert.deepEqual(await Promise.all(hanging), pipes.map(() => true));
  });
});

Deno.test("a file is there once it is whole, and nothing is left of it otherwise", () =>
  withFolder(async (path) => {
    const bytes = new Uint8Array(64 * 2 ** 20);
    const stream = new HlsFolder(path).stream("demo");
    const sizes = new Set<number | undefined>();
    for (const write of ["writeSegment", "replacePlaylist"] as const) {
      let isOver = false;
      const written = stream[write](write, bytes).finally(() => isOver = true);
      while (!isOver) {
        sizes.add(sizeOf(`${path}/demo/${write}`));
        await new Promise((resolve) => setTimeout(resolve));
      }
      assert.equal(await written, true);
      sizes.add(sizeOf(`${path}/demo/${write}`));
    }
    assert.deepEqual([...sizes], [undefined, bytes.length]);

    await Deno.mkdir(`${path}/demo/2.ts`);
    assert.equal(await stream.writeSegment("2.ts", bytes), false);
    const names = Array.from(Deno.readDirSync(`${path}/demo`), ({ name }) => name);
    assert.deepEqual(names.sort(), ["2.ts", "replacePlaylist", "writeSegment"]);
  }));

Deno.test("what a run left that ended in the middle of a write goes with the broadcast", () =>
  withFolder(async (path) => {
    await Deno.mkdir(`${path}/demo`);
    for (const file of [".7-1700000000.ts.new", ".playlist.m3u8.new"]) {
      await Deno.writeTextFile(`${path}/demo/${file}`, "half");
    }
    const stream = new HlsFolder(path).stream("demo");
    await stream.writeSegment("8-1700000001.ts", new Uint8Array(188));
    await stream.remove(["8-1700000001.ts", "playlist.m3u8"]);
    assert.equal(sizeOf(`${path}/demo`), undefined);
  }));

function sizeOf(path: string): number | undefined {
  try {
    return Deno.statSync(path).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
