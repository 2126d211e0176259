/**
 * What happens on a disk that is full or may not be written to. A program of its own, because it
 * needs a disk of its own: its argument is the case, its working directory an empty small disk.
 */
import assert from "node:assert/strict";
import { until } from "../until.ts";
import { run } from "../audio/ffmpeg.ts";
import { LogRecorder } from "../log_recorder.ts";
import { readPlainMp4 } from "../mp4/plain_mp4.ts";
import { Archive, SECOND, type Show } from "./archive.ts";

const CASES: Readonly<Record<string, () => Promise<void>>> = { full, readOnly, unsynced };

await CASES[Deno.args[0] ?? ""]?.();
console.log("done");

/** The disk is filled by others in mid-show, and has room again later. */
async function full(): Promise<void> {
  await using archive = await Archive.open({ path: `${Deno.cwd()}/record` });
  const before = await archive.record("before", 5);
  const show = archive.begin("demo");
  for (let i = 0; i < 5; i++) await show.second();
  await archive.reach("record-start", 2);
  fillDisk("filler");
  await until("the disk is full", async () => {
    await show.second();
    return archive.count("record-error") > 0;
  });
  for (let i = 0; i < 30; i++) await show.second();
  const errors = archive.of("record-error");
  assert.deepEqual(errors.map((event) => "message" in event && event.message.slice(0, 23)), [
    "No space left on device",
  ]);
  assert.deepEqual(await archive.frames("before.mp4"), before);
  const [part = ""] = (await archive.files()).filter((file) => file.endsWith(".part"));
  const written = show.frames.slice(0, await playedFrames(archive.folder.pathOf(part)));
  assert.ok(written.length >= 5 * SECOND);

  await Deno.remove("filler");
  await goesOn(archive, show, 3);
  show.end();
  await archive.reach("record-complete", 2);
  await archive.clock.advance(60_000);
  await archive.reach("record-complete", 3);
  assert.deepEqual(await archive.frames(part.replace(".part", "")), written);
  const later = await archive.frames("demo.mp4");
  assert.deepEqual(later, show.frames.slice(-later.length));
}

/** The folder may not be written to when a show ends and another one begins. */
async function readOnly(): Promise<void> {
  await using archive = await Archive.open({ path: `${Deno.cwd()}/record` });
  const show = archive.begin("demo");
  await show.second();
  await archive.reach("record-start", 1);
  await Deno.chmod(archive.folder.path, 0o555);
  await show.second();
  show.end();
  await archive.reach("record-error", 1);
  const [part = ""] = await archive.files();
  assert.deepEqual(readPlainMp4(await archive.read(part)), show.frames);

  const next = archive.begin("demo");
  await until("it is told", async () => {
    await next.second();
    return archive.count("record-error") === 2;
  });
  for (let i = 0; i < 20; i++) await next.second();
  await Deno.chmod(archive.folder.path, 0o755);
  await goesOn(archive, next, 2);
  await archive.clock.advance(60_000);
  await archive.reach("record-complete", 1);
  assert.deepEqual(await archive.frames("demo.mp4"), show.frames);
  next.end();
  await archive.reach("record-complete", 2);
  const later = await archive.frames("demo.mp4");
  assert.deepEqual(later, next.frames.slice(-later.length));
  assert.equal((await archive.files()).length, 2);
}

/** The folder cannot be opened, and so not be synced, while a show begins and ends. */
async function unsynced(): Promise<void> {
  await using log = await LogRecorder.start();
  await using archive = await Archive.open({ path: `${Deno.cwd()}/record` });
  await archive.record("before", 1);
  await Deno.chmod(archive.folder.path, 0o333);
  const show = archive.begin("demo");
  await until("it is told", async () => {
    await show.second();
    return log.matching(/Cannot sync/).length > 0;
  });
  const another = await archive.record("other", 2);
  for (let i = 0; i < 15; i++) await show.second();
  show.end();
  await archive.reach("record-complete", 3);
  await Deno.chmod(archive.folder.path, 0o755);
  assert.equal(archive.count("record-error"), 0);
  assert.equal(log.matching(/Cannot sync/).length, 1, "said once");
  assert.deepEqual(await archive.files(), ["before.mp4", "demo.mp4", "other.mp4"]);
  assert.deepEqual(await archive.frames("demo.mp4"), show.frames);
  assert.deepEqual(await archive.frames("other.mp4"), another);
}

async function goesOn(archive: Archive, show: Show, starts: number): Promise<void> {
  await until("recording goes on", async () => {
    await show.second();
    return archive.count("record-start") === starts;
  });
  await show.second();
}

/** How many frames FFmpeg finds in a file; they are none that could be decoded. */
async function playedFrames(path: string): Promise<number> {
  const copy = ["-c", "copy", "-f", "framemd5", "pipe:1"];
  const output = await run("ffmpeg", ["-i", path, ...copy], undefined, "fatal");
  const lines = new TextDecoder().decode(output).trim().split("\n");
  return lines.filter((line) => !line.startsWith("#")).length;
}

/** Leaves nothing free. */
function fillDisk(file: string): void {
  using filler = Deno.createSync(file);
  for (let bytes = 65536; bytes > 0; bytes >>= 1) {
    try {
      for (;;) filler.writeSync(new Uint8Array(bytes));
    } catch (error) {
      assert.match(String(error), /No space left/);
    }
  }
}
