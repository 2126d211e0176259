/** What one broadcast does on the disk leaves room for the others. */
import assert from "node:assert/strict";
import { HlsFolder } from "../../src/hls/stream_files.ts";
import { withFolder } from "../../testing/temporary_folder.ts";

Deno.test("writes of one broadcast that hang delay no other", async () => {
  await withFolder(async (path) => {
    const folder = new HlsFolder(path);
    const bytes = new Uint8Array(1000);
    // To write to a pipe that nobody reads from hangs.
    const pipes = Array.from({ length: 12 }, (_, i) => `${i}.ts`);
    await Deno.mkdir(`${path}/bad`);
    for (const pipe of pipes) {
      await new Deno.Command("mkfifo", { args: [`${path}/bad/${pipe}`] }).output();
    }
    const bad = folder.stream("bad");
    const hanging = pipes.map((pipe) => bad.writeSegment(pipe, bytes));
    assert.equal(await folder.stream("good").writeSegment("1.ts", bytes), true);
    assert.deepEqual(await Deno.readFile(`${path}/good/1.ts`), bytes);
    for (const pipe of pipes) await Deno.readFile(`${path}/bad/${pipe}`);
    assert.deepEqual(await Promise.all(hanging), pipes.map(() => true));
  });
});
