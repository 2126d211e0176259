/**
 * Recordings that are damaged anywhere: refused by name or told of sanely, and repaired as far as
 * can be.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { Mp4Error } from "../../src/mp4/boxes.ts";
import type { FileSteps } from "../../src/mp4/file_steps.ts";
import { finishRecording } from "../../src/mp4/finish.ts";
import { continueRecording, readRecording, type Recording } from "../../src/mp4/recording.ts";
import { accessUnits, audioConfig } from "../../testing/audio/access_units.ts";
import { encode } from "../../testing/audio/ffmpeg.ts";
import { MemoryFile } from "../../testing/mp4/memory_file.ts";
import { readPlainMp4, topLevel } from "../../testing/mp4/plain_mp4.ts";
import { fragments, header, someFrames } from "../../testing/mp4/recordings.ts";

const FIRST = someFrames(17, 1);
const SECOND = someFrames(11, 2);
const PER_FRAGMENT = 4;

/** Far more steps than a file of a few kilobytes takes. */
const MANY_STEPS = 400;

/** Recordings in each state that a file may be in, of a second or so. */
const STATES: Readonly<Record<string, MemoryFile>> = {
  live: live(),
  finished: finished(),
  continued: continued(),
  "finished again": finished(continued()),
};

for (const [state, recording] of Object.entries(STATES)) {
  Deno.test(`whatever bit of a ${state} recording is wrong, it is refused by name or told of sanely`, () => {
    for (let at = 0; at < recording.length; at++) {
      for (const bit of [at % 7, 7]) {
        const bytes = recording.bytes;
        bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
        tryAll(bytes, `bit ${bit} of byte ${at}`);
      }
    }
  });

  Deno.test(`wherever a ${state} recording is cut off, it is refused by name or told of sanely`, () => {
    for (let length = 0; length <= recording.length; length++) {
      tryAll(recording.bytes.subarray(0, length), `cut at ${length}`);
      const zeros = new Uint8Array(recording.length);
      zeros.set(recording.bytes.subarray(0, length));
      tryAll(zeros, `zeros from ${length}`);
    }
  });
}

Deno.test("whatever length a box claims, a recording is refused by name or told of sanely", () => {
  const sizes = ["00000000", "00000001", "7fffffff", "ffffffff"];
  for (const [state, recording] of Object.entries(STATES)) {
    for (const at of boxPlaces(recording.bytes)) {
      for (const size of sizes) {
        const bytes = recording.bytes;
        bytes.set(Uint8Array.fromHex(size), at);
        tryAll(bytes, `${state}, ${size} at ${at}`);
      }
    }
  }
});

Deno.test("whatever is damaged in many places, a recording is refused by name or told of sanely", () => {
  const change = fc.tuple(fc.nat(3000), fc.uint8Array({ minLength: 1, maxLength: 40 }));
  const changes = fc.array(change, { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(fc.constantFrom(...Object.values(STATES)), changes, (recording, changes) => {
      const bytes = recording.bytes;
      for (const [at, noise] of changes) {
        bytes.set(noise.subarray(0, Math.max(0, bytes.length - at)), Math.min(at, bytes.length));
      }
      tryAll(bytes, "noise");
    }),
  );
});

Deno.test("another program's MP4 is refused by name, whole, cut off or damaged", async () => {
  const whole = await Deno.readFile(
    new URL(
      "../../testing/media/he-aac-v1_explicit-signalling.m4a",
      import.meta.url,
    ),
  );
  for (let length = 0; length <= whole.length; length += 997) tryAll(whole.slice(0, length), "cut");
  for (let at = 0; at < 4000; at += 3) {
    const bytes = whole.slice();
    bytes[at] = (bytes[at] ?? 0) ^ 0xff;
    assert.throws(() => run(bytes, finishRecording), Mp4Error);
    assert.throws(() => run(bytes, readRecording), Mp4Error);
  }
});

Deno.test("many small boxes in the place of one do not make reading long", () => {
  const file = finished();
  const small = new Uint8Array(8 * 4000);
  for (let at = 0; at < small.length; at += 8) small.set([0, 0, 0, 8, 0x66, 0x72, 0x65, 0x65], at);
  const [ftyp, mdat] = [28, 16];
  const bytes = new Uint8Array(file.length + small.length);
  bytes.set(file.bytes);
  bytes.set(small, file.length);
  const moov = ftyp + mdat + sizeOf(bytes, ftyp + 8) - mdat;
  bytes.set(small, moov + 8);
  new DataView(bytes.buffer).setUint32(moov, bytes.length - moov);
  assert.throws(() => run(bytes, readRecording), Mp4Error);
});

Deno.test("audio behind a damaged fragment is kept, in every fragment and every state", () => {
  const starts = fragmentStarts();
  for (const [index, start] of starts.entries()) {
    const file = live();
    file.write(start + 4, new Uint8Array(40));
    const kept = FIRST.filter((_, i) => Math.floor(i / PER_FRAGMENT) !== index);
    const { damagedBytes } = finish(file);
    assert.deepEqual(readPlainMp4(file.bytes), kept, `fragment ${index}`);
    assert.deepEqual(topLevel(file.bytes), ["ftyp", "mdat", "moov"]);
    const next = starts[index + 1];
    // What is behind the last whole fragment is cut off, as after every crash.
    assert.equal(damagedBytes, next === undefined ? 0 : next - start, `fragment ${index}`);
  }
});

Deno.test("what follows damaged audio of an earlier session is kept", () => {
  const [, second = 0] = fragmentStarts();
  const file = continued();
  file.write(second, new Uint8Array(8));
  finish(file);
  const earlier = FIRST.filter((_, i) => i < PER_FRAGMENT || i >= 2 * PER_FRAGMENT);
  assert.deepEqual(readPlainMp4(file.bytes), [...earlier, ...SECOND]);
});

Deno.test("a recording that miscounts its frames loses none of those that follow", () => {
  const file = finished();
  const recording = file.run(readRecording(file.length));
  file.run(continueRecording(recording));
  file.append(...fragments(SECOND, PER_FRAGMENT, recording.frames - 5));
  finish(file);
  assert.deepEqual(readPlainMp4(file.bytes), [...FIRST, ...SECOND]);
});

Deno.test("a finished recording whose movie box is in pieces gets a new one", () => {
  const whole = finished();
  const moov = whole.bytes.length - movieBytes(whole.bytes);
  for (const at of [moov, moov + 8, moov + 128]) {
    const file = new MemoryFile(whole.bytes);
    file.write(at, new Uint8Array(40).fill(0xaa));
    finish(file);
    assert.deepEqual(file.bytes, whole.bytes, `at ${at}`);
  }
});

Deno.test("audio of an encoder behind a page of zeros is kept, and nothing of it changes", async () => {
  const { config, frames } = accessUnits(await encode({ seconds: 20 }));
  const parts = [header(config), ...fragments(frames, 47)];
  const file = new MemoryFile(...parts);
  file.write(8 * 4096, new Uint8Array(4096));
  const { damagedBytes } = finish(file);
  const kept = readPlainMp4(file.bytes);
  assert.ok(kept.length > frames.length - 4 * 47 && kept.length < frames.length);
  assert.ok(damagedBytes > 0);
  assert.deepEqual(kept.slice(-47), frames.slice(-47));
});

/** Does all that is done with files; what comes of it has to be an {@link Mp4Error} or sane. */
function tryAll(bytes: Uint8Array, what: string): void {
  for (const work of [readRecording, finishRecording, readAndContinue]) {
    try {
      const recording = run(bytes, work);
      if (recording !== undefined) assertSane(recording, bytes.length, what);
    } catch (error) {
      assert.ok(error instanceof Mp4Error, `${what}: ${error}`);
    }
  }
}

function assertSane(recording: Recording, length: number, what: string): void {
  const { startTime, sampleRate, frames, durationMs } = recording;
  assert.match(new Date(startTime).toISOString(), /^\d{4}-/, what);
  assert.ok(sampleRate > 0, what);
  assert.ok(Number.isSafeInteger(frames) && frames >= 0 && frames <= length / 4, what);
  assert.ok(Number.isFinite(durationMs) && durationMs >= 0, what);
}

function* readAndContinue(length: number): FileSteps<undefined> {
  yield* continueRecording(yield* readRecording(length));
  return undefined;
}

/** Does the steps with a copy of the file; fails where there are too many. */
function run<Result>(bytes: Uint8Array, work: (length: number) => FileSteps<Result>): Result {
  return new MemoryFile(bytes).run(counted(work(bytes.length)));
}

function* counted<Result>(steps: FileSteps<Result>): FileSteps<Result> {
  let answer: Uint8Array = new Uint8Array();
  for (let count = 0;; count++) {
    const { done, value } = steps.next(answer);
    if (done) return value;
    assert.ok(count < MANY_STEPS, "it takes too many steps");
    answer = yield value;
  }
}

function live(): MemoryFile {
  return new MemoryFile(header(audioConfig()), ...fragments(FIRST, PER_FRAGMENT));
}

function finished(file = live()): MemoryFile {
  finish(file);
  return file;
}

function continued(): MemoryFile {
  const file = finished();
  const recording = file.run(readRecording(file.length));
  file.run(continueRecording(recording));
  file.append(...fragments(SECOND, PER_FRAGMENT, recording.frames));
  return file;
}

function finish(file: MemoryFile) {
  return file.run(finishRecording(file.length));
}

/** Where the length of a box may stand: before its type, or behind it where that is a large one's. */
function boxPlaces(bytes: Uint8Array): number[] {
  const places: number[] = [];
  for (let at = 4; at + 12 <= bytes.length; at++) {
    const isType = bytes.subarray(at, at + 4).every((byte) => byte >= 0x61 && byte <= 0x7a);
    if (isType) places.push(at - 4, at + 4, at + 8);
  }
  return places;
}

/** Where the fragments of {@link live} begin. */
function fragmentStarts(): number[] {
  let start = header(audioConfig()).length;
  return fragments(FIRST, PER_FRAGMENT).map((fragment) =>
    (start += fragment.length) - fragment.length
  );
}

/** Bytes of the movie box at the end of a finished recording. */
function movieBytes(bytes: Uint8Array): number {
  return bytes.length - 28 - sizeOf(bytes, 28 + 8);
}

/** A 64-bit size. */
function sizeOf(bytes: Uint8Array, at: number): number {
  return Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(at));
}
