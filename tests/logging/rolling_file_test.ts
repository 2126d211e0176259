/** Log files that roll by size: no line is lost or cut, whatever the disk does. */
import assert from "node:assert/strict";
import { RollingFile } from "../../src/logging/rolling_file.ts";
import { contents } from "../../testing/logging/files.ts";
import { withFolder } from "../../testing/temporary_folder.ts";

const LIMIT = 20;

function options(folder: string, count = 2) {
  const roller = { pattern: `${folder}/a.{}.log`, base: 1, count };
  return { path: `${folder}/a.log`, append: true, limit: LIMIT, roller };
}

async function write(file: RollingFile, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}

Deno.test("a full file makes room, whole lines at a time, and the oldest goes", () =>
  withFolder(async (folder) => {
    const file = await RollingFile.open(options(folder));
    await write(file, "line 01\nline 02\nline 03\n");
    assert.deepEqual(await contents(folder), {
      "a.1.log": "line 01\nline 02\n",
      "a.log": "line 03\n",
    });
    await write(file, "line 04\nline 05\nline 06\nline 07\n");
    assert.deepEqual(await contents(folder), {
      "a.1.log": "line 05\nline 06\n",
      "a.2.log": "line 03\nline 04\n",
      "a.log": "line 07\n",
    });
    file.close();
  }));

Deno.test("a file is filled to the last byte, and a line that is too long gets one of its own", () =>
  withFolder(async (folder) => {
    const file = await RollingFile.open(options(folder, 3));
    const exact = "x".repeat(LIMIT - 1) + "\n";
    await write(file, exact + "y".repeat(50) + "\n" + exact);
    assert.deepEqual(await contents(folder), {
      "a.1.log": "y".repeat(50) + "\n",
      "a.2.log": exact,
      "a.log": exact,
    });
    file.close();
  }));

Deno.test("what is in the file counts after a restart, unless it is to begin anew", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/a.log`, "before 01\nbefore 02\n");
    const file = await RollingFile.open(options(folder));
    await write(file, "after\n");
    file.close();
    assert.deepEqual(await contents(folder), {
      "a.1.log": "before 01\nbefore 02\n",
      "a.log": "after\n",
    });
    const anew = await RollingFile.open({ ...options(folder), append: false });
    await write(anew, "anew\n");
    anew.close();
    assert.equal((await contents(folder))["a.log"], "anew\n");
  }));

Deno.test("with a count of 0 full files are not kept", () =>
  withFolder(async (folder) => {
    const file = await RollingFile.open(options(folder, 0));
    await write(file, "line 01\nline 02\nline 03\n");
    file.close();
    assert.deepEqual(await contents(folder), { "a.log": "line 03\n" });
  }));

Deno.test("where files cannot be renamed, nothing is lost", () =>
  withFolder(async (folder) => {
    const file = await RollingFile.open(options(folder));
    await Deno.mkdir(`${folder}/a.1.log/in the way`, { recursive: true });
    await Deno.mkdir(`${folder}/a.2.log/in the way`, { recursive: true });
    await write(file, "line 01\nline 02\nline 03\n");
    file.close();
    assert.deepEqual(await contents(folder), { "a.log": "line 01\nline 02\nline 03\n" });
  }));

Deno.test("a folder in the place of one full file does not let the file grow without end", () =>
  withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/a.1.log/in the way`, { recursive: true });
    const file = await RollingFile.open(options(folder, 3));
    for (let line = 10; line < 20; line++) await write(file, `line ${line}\n`);
    file.close();
    assert.deepEqual(await contents(folder), {
      "a.2.log": "line 16\nline 17\n",
      "a.3.log": "line 14\nline 15\n",
      "a.log": "line 18\nline 19\n",
    });
  }));

Deno.test("a file that cannot be begun goes on in the old one, and is begun once it can be", () =>
  withFolder(async (folder) => {
    const file = await RollingFile.open(options(folder));
    await write(file, "line 01\nline 02\n");
    const open = Deno.open;
    Deno.open = () => Promise.reject(new Error("Too many open files"));
    await write(file, "line 03\n");
    Deno.open = open;
    await write(file, "line 04\nline 05\n");
    assert.deepEqual(await contents(folder), {
      "a.1.log": "line 01\nline 02\nline 03\nline 04\n",
      "a.log": "line 05\n",
    });
    file.close();
  }));
