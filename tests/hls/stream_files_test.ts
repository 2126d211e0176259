/** How broadcasts write their files, and that what one does on the disk leaves room for the others. */
import assert from "node:assert/strict";
import { HlsFolder } from "../../src/hls/stream_files.ts";
import { withFolder } from "../../testing/temporary_folder.ts";
import { until } from "../../testing/until.ts";

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

Deno.test("of one broadcast one read hangs at most, and none comes where writes hang", () =>
  withFolder(async (path) => {
    const folder = new HangingReads(path);
    const demo = folder.stream("demo");
    const hanging = demo.readSegment("0.ts");
    const others = Array.from({ length: 12 }, (_, i) => demo.readSegment(`${i + 1}.ts`));
    assert.deepEqual(await Promise.all(others), others.map(() => undefined));
    assert.deepEqual(folder.reads, ["demo/0.ts"]);
    assert.equal(await demo.writeSegment("9.ts", new Uint8Array(188)), true);
    folder.goOn(Uint8Array.of(1));
    assert.deepEqual(await hanging, Uint8Array.of(1));

    const pipes = ["1.ts", "2.ts"].map((file) => `${path}/bad/.${file}.new`);
    await Deno.mkdir(`${path}/bad`);
    for (const pipe of pipes) await new Deno.Command("mkfifo", { args: [pipe] }).output();
    const bad = folder.stream("bad");
    const writes = ["1.ts", "2.ts"].map((file) => bad.writeSegment(file, new Uint8Array(188)));
    assert.equal(await folder.stream("good").writeSegment("1.ts", new Uint8Array(188)), true);
    const read = bad.readSegment("0.ts");
    assert.equal(await folder.stream("good").writeSegment("2.ts", new Uint8Array(188)), true);
    assert.deepEqual(folder.reads, ["demo/0.ts"]);
    for (const pipe of pipes) await Deno.readFile(pipe);
    assert.deepEqual(await Promise.all(writes), [true, true]);
    await until("the read has its turn", () => folder.reads.length === 2);
    folder.goOn(undefined);
    assert.equal(await read, undefined);
  }));

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

/** A folder in which to read hangs until it goes on. */
class HangingReads extends HlsFolder {
  readonly reads: string[] = [];
  goOn: (bytes: Uint8Array<ArrayBuffer> | undefined) => void = () => {};

  override read(name: string, file: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    this.reads.push(`${name}/${file}`);
    return new Promise((resolve) => this.goOn = resolve);
  }
}

function sizeOf(path: string): number | undefined {
  try {
    return Deno.statSync(path).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
