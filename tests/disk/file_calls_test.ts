/** Which folders are in memory alone, and that files come to them as they do to a disk. */
import assert from "node:assert/strict";
import { fileCallsFor, MEMORY_CALLS, WAITING_CALLS } from "../../src/disk/file_calls.ts";
import { HlsFolder } from "../../src/hls/stream_files.ts";

const IN_MEMORY = "/dev/shm";

Deno.test("files in memory are written at once, all others by threads", async () => {
  assert.equal(await fileCallsFor(IN_MEMORY), MEMORY_CALLS);
  for (const other of ["/proc", "/there/is/none"]) {
    assert.equal(await fileCallsFor(other), WAITING_CALLS, other);
  }
});

Deno.test("a broadcast's files in memory are as those on a disk", async () => {
  const path = await Deno.makeTempDir({ dir: IN_MEMORY });
  const bytes = new Uint8Array(1000).fill(7);
  try {
    const folder = new HlsFolder(path);
    await folder.open();
    assert.equal(await folder.callsFor("demo"), MEMORY_CALLS);
    const stream = folder.stream("demo");
    assert.equal(await stream.writeSegment("1-1.ts", bytes), true);
    assert.equal(await stream.replacePlaylist("playlist.m3u8", bytes), true);
    assert.deepEqual(await folder.read("demo", "1-1.ts"), bytes);
    assert.deepEqual(filesIn(`${path}/demo`), ["1-1.ts", "playlist.m3u8"]);

    await Deno.mkdir(`${path}/demo/2-2.ts`);
    assert.equal(await stream.writeSegment("2-2.ts", bytes), false);
    await Deno.remove(`${path}/demo/2-2.ts`);
    assert.deepEqual(filesIn(`${path}/demo`), ["1-1.ts", "playlist.m3u8"]);

    await stream.remove(["1-1.ts", "0-0.ts", "playlist.m3u8"]);
    assert.deepEqual(filesIn(path), []);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
});

Deno.test("a broadcast whose folder is on another disk waits for that, and no other does", async () => {
  const path = await Deno.makeTempDir({ dir: IN_MEMORY });
  const disk = await Deno.makeTempDir();
  const bytes = new Uint8Array(1000).fill(7);
  try {
    await Deno.symlink(disk, `${path}/far`);
    const folder = new HlsFolder(path);
    await folder.open();
    assert.equal(await folder.callsFor("far"), WAITING_CALLS);
    assert.equal(await folder.callsFor("near"), MEMORY_CALLS);
    const stream = folder.stream("far");
    assert.equal(await stream.writeSegment("1-1.ts", bytes), true);
    assert.deepEqual(filesIn(disk), ["1-1.ts"]);
    await stream.remove(["1-1.ts"]);
    assert.deepEqual(filesIn(disk), []);
  } finally {
    await Deno.remove(path, { recursive: true });
    await Deno.remove(disk, { recursive: true });
  }
});

function filesIn(path: string): string[] {
  return Array.from(Deno.readDirSync(path), ({ name }) => name).sort();
}
