/** `echo dj`: what it prints, and what it leaves in the file. */
import assert from "node:assert/strict";
import { runDjCommand } from "../../src/dj/dj_command.ts";
import { readDjs } from "../../src/dj/dj_file.ts";
import { hashOfDjKey } from "../../src/dj/dj_key.ts";
import { withFolder } from "../../testing/temporary_folder.ts";

const AT = { host: "203.0.113.5", rtmpPort: 1935, srtPort: 9000, passphrase: undefined };

Deno.test("a DJ is added with a key that is printed once, and with what is typed into encoders", async () => {
  await withFolder(async (folder) => {
    const file = `${folder}/djs`;
    const dj = (...words: string[]) => runDjCommand(words, { file, at: AT });
    const printed = await dj("add", "anna", "morning, evening*");
    const [, key = ""] = /^The key of anna is ([0-9a-f]{32})$/m.exec(printed) ?? [];
    for (
      const text of [
        `OBS, Stream key     morning?user=anna&key=${key}`,
        `"rtmp://203.0.113.5/live/morning?user=anna&key=${key}"`,
        `"srt://203.0.113.5:9000?streamid=publish:morning:anna:${key}"`,
        "larix://set/v1?",
        "morning may be any of morning, evening*",
      ]
    ) assert.ok(printed.includes(text), `${text}\n${printed}`);
    const text = await Deno.readTextFile(file);
    assert.equal(text, `anna:${hashOfDjKey(key)}:morning,evening*\n`);
    assert.equal(await dj("list"), "anna  sha256  morning,evening*");
  });
});

Deno.test("another key, and no DJ any more, change one line and no other", async () => {
  await withFolder(async (folder) => {
    const file = `${folder}/djs`;
    const dj = (...words: string[]) => runDjCommand(words, { file, at: AT });
    const hash = hashOfDjKey("old");
    await Deno.writeTextFile(
      file,
      `# ours\nann:${hash}:a\n\nanna:${hash}:one*\n# anna:no\nben:${hash}:b`,
    );
    const printed = await dj("rotate", "anna");
    assert.match(printed, /live\/oneNAME\?user=anna/);
    const [, key = ""] = /is ([0-9a-f]{32})$/m.exec(printed) ?? [];
    const rotated = `# ours\nann:${hash}:a\n\nanna:${
      hashOfDjKey(key)
    }:one*\n# anna:no\nben:${hash}:b`;
    assert.equal(await Deno.readTextFile(file), rotated);
    assert.equal(await dj("remove", "anna"), "anna is removed.");
    assert.equal(
      await Deno.readTextFile(file),
      `# ours\nann:${hash}:a\n\n# anna:no\nben:${hash}:b`,
    );
    await dj("add", "cleo", "*");
    assert.deepEqual([...(await readDjs(file)).keys()], ["ann", "ben", "cleo"]);
    for (const user of ["ann", "ben", "cleo"]) await dj("remove", user);
    assert.equal(await dj("list"), "There are no DJs.");
  });
});

Deno.test("what makes no sense is refused, and changes nothing", async () => {
  await withFolder(async (folder) => {
    const file = `${folder}/djs`;
    const dj = (...words: string[]) => runDjCommand(words, { file, at: AT });
    await dj("add", "anna", "one");
    const before = await Deno.readTextFile(file);
    for (
      const [words, why] of [
        [[], /expected echo dj add USER NAMES/],
        [["drop", "anna"], /expected echo dj add USER NAMES/],
        [["add", "anna"], /expected echo dj add USER NAMES/],
        [["list", "anna"], /expected echo dj add USER NAMES/],
        [["add", "anna", "two"], /Cannot add anna: there is one already/],
        [["add", "a:b", "two"], /Cannot parse USER: expected a user/],
        [["add", "ben", "no name"], /Cannot parse NAMES: expected names/],
        [["rotate", "ben"], /Cannot find ben/],
        [["remove", "ben"], /Cannot find ben/],
      ] satisfies [string[], RegExp][]
    ) await assert.rejects(dj(...words), why);
    assert.equal(await Deno.readTextFile(file), before);
    await assert.rejects(runDjCommand(["list"], { file: undefined, at: AT }), /ECHO_DJ_FILE/);
  });
});
