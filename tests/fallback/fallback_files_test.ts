/** Which fallback files are read, for whom, and what is said of those that cannot be. */
import assert from "node:assert/strict";
import { codecOf } from "../../src/audio/codec_of.ts";
import { FallbackFiles, MAX_FILE_BYTES, readFallbacks } from "../../src/fallback/fallback_files.ts";
import { adtsStream, audioConfig } from "../../testing/audio/access_units.ts";
import { encodeMp3, mp3Frames } from "../../testing/audio/mp3_streams.ts";
import { concat } from "../../testing/bytes.ts";
import { withFolder } from "../../testing/temporary_folder.ts";

const CONFIG = audioConfig();

/** Access units of different sizes and contents. */
function units(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => new Uint8Array(40 + i % 7).fill(i % 200));
}

function adts(count: number, config = CONFIG): Uint8Array {
  return adtsStream(config, units(count));
}

Deno.test("a file has the access units of its ADTS frames, also where it is larger than a read", () =>
  withFolder(async (folder) => {
    const path = `${folder}/show.aac`;
    const sent = units(20_000);
    await Deno.writeFile(path, adtsStream(CONFIG, sent));
    const { forAll: [audio], problems } = await readFallbacks({ file: path });
    assert.deepEqual(problems, []);
    assert.ok(audio !== undefined);
    assert.deepEqual([audio.path, audio.frames, audio.maxBytes], [path, sent.length, 46]);
    assert.equal(audio.config.sampleRate, CONFIG.sampleRate);
    assert.ok(sent.every((unit, i) => audio.frame(i).toHex() === unit.toHex()));
  }));

Deno.test("a file of MP3 has its frames, without the tags and what tells of the file", () =>
  withFolder(async (folder) => {
    const path = `${folder}/show.mp3`;
    const output = ["-metadata", "title=Back soon", "-write_id3v1", "1", "-f", "mp3"];
    await Deno.writeFile(path, await encodeMp3({ seconds: 5, bitrate: "v4", output }));
    const { config, frames } = mp3Frames(await encodeMp3({ seconds: 5, bitrate: "v4" }));
    const { forAll: [audio], problems } = await readFallbacks({ file: path });
    assert.deepEqual([problems, audio?.config], [[], config]);
    const read = Array.from({ length: audio?.frames ?? 0 }, (_, i) => audio?.frame(i).toHex());
    assert.deepEqual(read, frames.map((frame) => frame.toHex()));
  }));

Deno.test("a file of MP3 that was cut out of a longer one begins with silence, not with noise", () =>
  withFolder(async (folder) => {
    const path = `${folder}/show.mp3`;
    const { config, frames } = mp3Frames(await encodeMp3());
    const cut = frames.slice(10);
    await Deno.writeFile(path, concat(cut));
    const { forAll: [audio] } = await readFallbacks({ file: path });
    const silence = codecOf(config).silentFrame(config);
    assert.equal(audio?.frame(0).toHex(), silence.toHex());
    assert.equal(audio?.frame(1).toHex(), cut[1]?.toHex());
    assert.equal(audio?.frames, cut.length);
    assert.ok((audio?.maxBytes ?? 0) >= silence.length);
  }));

Deno.test("a name has its own files of the folder first, and then the one for all", () =>
  withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/names`);
    for (const name of ["all.aac", "names/demo.aac", "names/demo.txt", "names/no name.aac"]) {
      await Deno.writeFile(`${folder}/${name}`, adts(3));
    }
    const files = new FallbackFiles();
    const read = await files.read({ file: `${folder}/all.aac`, dir: `${folder}/names/` });
    assert.deepEqual(files.of("demo"), [], "nothing changes yet");
    files.use(read);
    const paths = (name: string) => files.of(name).map(({ path }) => path);
    assert.deepEqual(paths("demo"), [`${folder}/names/demo.aac`, `${folder}/all.aac`]);
    assert.deepEqual(paths("other"), [`${folder}/all.aac`]);
    assert.deepEqual(files.problems, []);
  }));

Deno.test("a file may have its extension in capitals", () =>
  withFolder(async (folder) => {
    await Deno.writeFile(`${folder}/Demo.AAC`, adts(3));
    const file = `${folder}/all.Aac`;
    await Deno.writeFile(file, adts(3));
    const { byName, forAll, problems } = await readFallbacks({ file, dir: folder });
    assert.deepEqual([problems, forAll.length], [[], 1]);
    assert.deepEqual([...byName.keys()], ["Demo", "all"]);
  }));

Deno.test("all that cannot be played is said, and the others are played", () =>
  withFolder(async (folder) => {
    const broken: Record<string, Uint8Array> = {
      "damaged.aac": concat([adts(5), new Uint8Array(500).fill(7), adts(5)]),
      "changes.aac": concat([adts(5), adts(5, audioConfig({ sampleRate: 44_100 }))]),
      "empty.aac": new Uint8Array(),
      "good.aac": adts(5),
      "text.aac": new TextEncoder().encode("no audio at all, but a text that is long enough"),
    };
    for (const [name, bytes] of Object.entries(broken)) {
      await Deno.writeFile(`${folder}/${name}`, bytes);
    }
    await Deno.mkdir(`${folder}/folder.aac`);
    await Deno.truncate(await large(folder), MAX_FILE_BYTES + 1);
    const { byName, problems } = await readFallbacks({ file: `${folder}/all.ogg`, dir: folder });
    assert.deepEqual([...byName.keys()], ["good"]);
    const said = problems.map((line) => line.replace(`Cannot use the fallback ${folder}/`, ""));
    assert.deepEqual(said, [
      "all.ogg: its name does not end in .aac or .mp3",
      "changes.aac: its audio changes its configuration",
      "damaged.aac: 1 places in it are damaged",
      "empty.aac: there is no audio in it",
      "folder.aac: it is no file",
      "large.aac: it is larger than 64 MiB",
      "text.aac: there is no audio in it",
    ]);
  }));

Deno.test("a link that leads nowhere costs that file alone", () =>
  withFolder(async (folder) => {
    const names = ["a", "b", "c", "d", "e", "f"];
    for (const name of names) await Deno.writeFile(`${folder}/${name}.aac`, adts(5));
    await Deno.symlink(`${folder}/nowhere`, `${folder}/link.aac`);
    const { byName, problems } = await readFallbacks({ dir: folder });
    assert.deepEqual([...byName.keys()], names);
    assert.match(problems.join(), /link\.aac: [^,]*[Nn]o such file/);
  }));

Deno.test("files of the folder are read as long as there is room for all", () =>
  withFolder(async (folder) => {
    for (let i = 1; i <= 4; i++) await Deno.truncate(await large(folder, `a${i}`), MAX_FILE_BYTES);
    await Deno.writeFile(`${folder}/b.aac`, adts(3));
    const { byName, problems } = await readFallbacks({ dir: folder });
    assert.equal(byName.size, 0);
    assert.match(problems.at(-1) ?? "", /b\.aac: .* up to this one have more than 256 MiB$/);
  }));

Deno.test("what cannot be read again is played as it was before, what is gone from the folder is not", () =>
  withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/names`);
    const [file, dir] = [`${folder}/all.aac`, `${folder}/names`];
    for (const path of [file, `${dir}/demo.aac`]) await Deno.writeFile(path, adts(3));
    const files = new FallbackFiles();
    files.use(await files.read({ file, dir }));
    const [, before] = files.of("demo");
    await Deno.writeTextFile(file, "");
    await Deno.remove(`${dir}/demo.aac`);
    files.use(await files.read({ file, dir }));
    assert.deepEqual(files.of("demo"), [before]);
    assert.deepEqual(files.problems, [
      `Cannot use the fallback ${file}: there is no audio in it: what was read of it before is played`,
    ]);
    await Deno.writeFile(file, adts(4));
    files.use(await files.read({ file, dir }));
    assert.deepEqual([files.of("demo")[0]?.frames, files.problems], [4, []]);
    files.use(await files.read({}));
    assert.deepEqual(files.of("demo"), []);
  }));

/** An empty file. @returns its path */
async function large(folder: string, name = "large"): Promise<string> {
  const path = `${folder}/${name}.aac`;
  await Deno.writeFile(path, new Uint8Array());
  return path;
}
