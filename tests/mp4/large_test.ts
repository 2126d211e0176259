/** A recording of more than 4 GiB. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { FileSteps } from "../../src/mp4/file_steps.ts";
import { finishRecording } from "../../src/mp4/finish.ts";
import { FragmentWriter, MAX_FRAGMENT_HEADER_BYTES } from "../../src/mp4/fragment.ts";
import { readRecording } from "../../src/mp4/recording.ts";
import { audioConfig } from "../../testing/audio/access_units.ts";
import { run } from "../../testing/audio/ffmpeg.ts";
import { header } from "../../testing/mp4/recordings.ts";

Deno.test("a recording over 4 GiB is finished, and FFmpeg finds its last access unit", async () => {
  const path = await Deno.makeTempFile({ suffix: ".mp4" });
  try {
    using file = Deno.openSync(path, { read: true, write: true });
    const frames = writeSparseRecording(file, 2 ** 32 + 2 ** 28);
    const { damagedBytes, ...recording } = drive(file, finishRecording(file.statSync().size));
    assert.equal(damagedBytes, 0);
    assert.equal(recording.frames, frames);
    assert.deepEqual(drive(file, readRecording(recording.length)), recording);

    // The access units are none, of which FFmpeg would complain.
    const near = ["-v", "fatal", "-copyts", "-ss", `${recording.durationMs / 1000 - 1}`];
    const copy = ["-c", "copy", "-f", "framemd5", "pipe:1"];
    const output = await run("ffmpeg", [...near, "-i", path, ...copy]);
    const last = new TextDecoder().decode(output).trim().split("\n").at(-1);
    const md5 = createHash("md5").update(new Uint8Array(FRAME_BYTES).fill(LAST)).digest("hex");
    assert.deepEqual(last?.split(/, */).map((field) => field.trim()), [
      ...["0", `${(frames - 1) * 1024}`, `${(frames - 1) * 1024}`],
      ...["1024", `${FRAME_BYTES}`, md5],
    ]);
  } finally {
    await Deno.remove(path);
  }
});

const FRAME_BYTES = 4096;
const FRAMES_PER_FRAGMENT = 250;
const LAST = 0xab;

/** Writes fragments' headers only, and the last access unit. @returns how many there are */
function writeSparseRecording(file: Deno.FsFile, atLeast: number): number {
  const silent = new Uint8Array(FRAME_BYTES);
  let offset = file.writeSync(header(audioConfig()));
  let frames = 0;
  while (offset < atLeast) {
    const writer = new FragmentWriter();
    for (let i = 0; i < FRAMES_PER_FRAGMENT; i++) writer.add(silent);
    const fragment = writer.take(frames, 1024);
    file.seekSync(offset, Deno.SeekMode.Start);
    writeAll(file, fragment.subarray(0, MAX_FRAGMENT_HEADER_BYTES));
    offset += fragment.length;
    frames += FRAMES_PER_FRAGMENT;
  }
  file.seekSync(offset - FRAME_BYTES, Deno.SeekMode.Start);
  writeAll(file, silent.fill(LAST));
  return frames;
}

function drive<Result>(file: Deno.FsFile, steps: FileSteps<Result>): Result {
  let answer: Uint8Array = new Uint8Array();
  for (;;) {
    const { done, value } = steps.next(answer);
    if (done) return value;
    if (value.kind === "sync") file.syncSync();
    if (value.kind === "truncate") file.truncateSync(value.length);
    if (value.kind !== "read" && value.kind !== "write") continue;
    file.seekSync(value.offset, Deno.SeekMode.Start);
    if (value.kind === "write") writeAll(file, value.data);
    else answer = readUpTo(file, value.length);
  }
}

function readUpTo(file: Deno.FsFile, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const count = file.readSync(bytes.subarray(filled));
    if (count === null) break;
    filled += count;
  }
  return bytes.subarray(0, filled);
}

function writeAll(file: Deno.FsFile, data: Uint8Array): void {
  let written = 0;
  while (written < data.length) written += file.writeSync(data.subarray(written));
}
