/** The file of DJs on disk: replaced as a whole, for its owner alone, and by one at a time. */
import assert from "node:assert/strict";
import { lchown } from "node:fs/promises";
import { editDjs, isOpenToOthers, readDjs } from "../../src/dj/dj_file.ts";
import { hashOfDjKey } from "../../src/dj/dj_key.ts";
import { DjError } from "../../src/dj/dj_list.ts";
import { withFolder } from "../../testing/temporary_folder.ts";

const HASH = hashOfDjKey("sesame");

/** An edit that adds a DJ. */
function adding(user: string): (text: string) => string {
  return (text) => `${text}${user}:${HASH}:one\n`;
}

Deno.test("a new file is made for its owner alone, and replaced by another one", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/djs`;
    await editDjs(path, adding("anna"));
    const first = await Deno.stat(path);
    assert.equal((first.mode ?? 0) & 0o777, 0o600);
    await Deno.chmod(path, 0o644);
    assert.ok(await isOpenToOthers(path));
    await editDjs(path, adding("ben"));
    const second = await Deno.stat(path);
    assert.notEqual(second.ino, first.ino);
    assert.ok(!await isOpenToOthers(path));
    assert.deepEqual([...(await readDjs(path)).keys()], ["anna", "ben"]);
    assert.deepEqual(Array.from(Deno.readDirSync(folder), ({ name }) => name), ["djs"]);
  });
});

Deno.test({
  name: "what root writes belongs to whom it belonged to, or to whom the folder belongs",
  ignore: Deno.uid() !== 0,
  fn: () =>
    withFolder(async (folder) => {
      const path = `${folder}/djs`;
      await Deno.chown(folder, 1234, 1235);
      await editDjs(path, adding("anna"));
      const first = await Deno.stat(path);
      assert.deepEqual([first.uid, first.gid], [1234, 1235]);
      await Deno.chown(path, 2345, 2346);
      await editDjs(path, adding("ben"));
      const second = await Deno.stat(path);
      assert.deepEqual([second.uid, second.gid], [2345, 2346]);
    }),
});

Deno.test("of twenty who change it at the same time, none is lost", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/djs`;
    const users = Array.from({ length: 20 }, (_, i) => `dj${i}`);
    await Promise.all(users.map((user) => editDjs(path, adding(user))));
    assert.deepEqual([...(await readDjs(path)).keys()].sort(), users.sort());
  });
});

Deno.test("where the edit fails, the file is as it was", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/djs`;
    await editDjs(path, adding("anna"));
    const fail = () => {
      throw new DjError("no");
    };
    await assert.rejects(editDjs(path, fail), /^DjError: no$/);
    await editDjs(path, adding("ben"));
    assert.equal((await readDjs(path)).size, 2);
  });
});

Deno.test("a link to the file stays one", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/real`, "");
    await Deno.symlink(`${folder}/real`, `${folder}/djs`);
    await editDjs(`${folder}/djs`, adding("anna"));
    assert.ok((await Deno.lstat(`${folder}/djs`)).isSymlink);
    assert.equal((await readDjs(`${folder}/real`)).size, 1);
  });
});

Deno.test("what lies where the new file is written first is removed, and a link there not followed", async () => {
  await withFolder(async (folder) => {
    const [path, other] = [`${folder}/djs`, `${folder}/other`];
    await Deno.writeTextFile(other, "of others", { mode: 0o644 });
    await Deno.symlink(other, `${folder}/.djs.new`);
    await editDjs(path, adding("anna"));
    assert.equal(await Deno.readTextFile(other), "of others");
    assert.equal(((await Deno.stat(other)).mode ?? 0) & 0o777, 0o644);
    await Deno.writeTextFile(`${folder}/.djs.new`, "half", { mode: 0o644 });
    await editDjs(path, adding("ben"));
    assert.ok((await Deno.lstat(path)).isFile);
    assert.deepEqual([...(await readDjs(path)).keys()], ["anna", "ben"]);
    assert.ok(!await isOpenToOthers(path));
  });
});

Deno.test("a link to a link is refused, and makes no file", async () => {
  await withFolder(async (folder) => {
    await Deno.symlink(`${folder}/none`, `${folder}/second`);
    await Deno.symlink(`${folder}/second`, `${folder}/djs`);
    await assert.rejects(
      editDjs(`${folder}/djs`, adding("anna")),
      /Cannot change .*: it is a link/,
    );
    await assert.rejects(Deno.lstat(`${folder}/none`), Deno.errors.NotFound);
  });
});

Deno.test({
  name: "root follows no link of another user",
  ignore: Deno.uid() !== 0,
  fn: () =>
    withFolder(async (folder) => {
      for (const target of [`${folder}/real`, `${folder}/none`]) {
        const path = `${target}-djs`;
        await Deno.writeTextFile(`${folder}/real`, "");
        await Deno.symlink(target, path);
        await lchown(path, 1234, 1235);
        await assert.rejects(editDjs(path, adding("anna")), /Cannot change .*: it is a link/);
      }
      assert.equal(await Deno.readTextFile(`${folder}/real`), "");
      await assert.rejects(Deno.lstat(`${folder}/none`), Deno.errors.NotFound);
    }),
});

Deno.test("a file that cannot be read is told, with what makes one", async () => {
  await withFolder(async (folder) => {
    await assert.rejects(readDjs(`${folder}/djs`), (error) => {
      return error instanceof DjError &&
        /^Cannot read .*: echo dj add USER NAMES makes it$/.test(error.message);
    });
    await assert.rejects(readDjs(folder), /Cannot read .*: it is no file/);
    await assert.rejects(
      editDjs(`${folder}/none/djs`, adding("anna")),
      /Cannot change .*none\/djs/,
    );
  });
});
