/** Finishing a recording into a plain MP4, also after a crash at any byte. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { Mp4Error } from "../../src/mp4/boxes.ts";
import type { FileStep, FileSteps } from "../../src/mp4/file_steps.ts";
import { type FinishedRecording, finishRecording } from "../../src/mp4/finish.ts";
import { continueRecording, readRecording } from "../../src/mp4/recording.ts";
import { audioConfig } from "../../testing/audio/access_units.ts";
import { MemoryFile } from "../../testing/mp4/memory_file.ts";
import { boxAt, readPlainMp4, topLevel } from "../../testing/mp4/plain_mp4.ts";
import { fragments, header, someFrames, START_TIME } from "../../testing/mp4/recordings.ts";

const FIRST = someFrames(17, 1);
const SECOND = someFrames(11, 2);
const PER_FRAGMENT = 4;

Deno.test("a finished recording is a plain MP4 of all frames", () => {
  const file = liveRecording();
  const recording = finish(file);
  assert.deepEqual(readPlainMp4(file.bytes), FIRST);
  assert.deepEqual(topLevel(file.bytes), ["ftyp", "mdat", "moov"]);
  assert.equal(recording.frames, 17);
  assert.equal(recording.sampleRate, 48000);
  assert.equal(recording.startTime, START_TIME);
  assert.equal(recording.durationMs, 17 * 1024 / 48);
  assert.equal(recording.length, file.length);
});

Deno.test("finishing writes nothing into the audio, and leaves what it was made of", () => {
  const file = liveRecording();
  const live = file.bytes;
  finish(file);
  assert.deepEqual(file.bytes.subarray(44, live.length), live.subarray(44));
});

Deno.test("fragments with as many frames share an entry of the sample-to-chunk table", () => {
  const file = liveRecording();
  finish(file);
  const stsc = boxAt(file.bytes, "moov", "trak", "mdia", "minf", "stbl", "stsc");
  assert.deepEqual([...file.bytes.subarray(stsc.payload + 4, stsc.end)], [
    ...[0, 0, 0, 2],
    ...[0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 1],
    ...[0, 0, 0, 5, 0, 0, 0, 1, 0, 0, 0, 1],
  ]);
});

Deno.test("a finished recording reads as what finishing it told", () => {
  const file = liveRecording();
  const { damagedBytes: _, ...told } = finish(file);
  assert.deepEqual(file.run(readRecording(file.length)), told);
});

Deno.test("a finished recording is left as it is when it is finished again", () => {
  const file = liveRecording();
  const told = finish(file);
  const finished = file.bytes;
  assert.deepEqual(finish(file), told);
  assert.deepEqual(file.bytes, finished);
});

Deno.test("a recording that was cut off at any byte ends with its last whole fragment", () => {
  const parts = [header(audioConfig()), ...fragments(FIRST, PER_FRAGMENT)];
  const live = new MemoryFile(...parts).bytes;
  for (let length = 0; length <= live.length; length++) {
    const file = new MemoryFile(live.subarray(0, length));
    const frames = wholeFrames(parts, length);
    if (frames === 0) {
      assert.throws(() => finish(file), Mp4Error, `cut at ${length}`);
    } else {
      assertFinishes(file, FIRST.slice(0, frames), `cut at ${length}`);
    }
  }
});

Deno.test("a finished recording that was cut off at any byte ends with its last whole fragment", () => {
  const parts = [header(audioConfig()), ...fragments(FIRST, PER_FRAGMENT)];
  const finished = liveRecording();
  finish(finished);
  const firstEnd = parts.slice(0, 2).reduce((sum, part) => sum + part.length, 0);
  for (let length = firstEnd; length < finished.length; length++) {
    const file = new MemoryFile(finished.bytes.subarray(0, length));
    assertFinishes(file, FIRST.slice(0, wholeFrames(parts, length)), `cut at ${length}`);
  }
});

Deno.test("a crash at any byte of finishing leaves what finishes the same", () => {
  const live = liveRecording();
  const finished = new MemoryFile(live.bytes);
  finish(finished);
  for (const { file, at } of crashes(live, finishRecording)) {
    finish(file);
    assert.deepEqual(file.bytes, finished.bytes, at);
  }
});

Deno.test("what comes after a recording that is continued follows its frames", () => {
  const file = continuedRecording();
  const recording = finish(file);
  assert.deepEqual(readPlainMp4(file.bytes), [...FIRST, ...SECOND]);
  assert.deepEqual(topLevel(file.bytes), ["ftyp", "mdat", "moov"]);
  assert.equal(recording.frames, 28);
  assert.equal(recording.startTime, START_TIME);
});

Deno.test("the movie box of a recording that was continued becomes free", () => {
  const file = liveRecording();
  finish(file);
  const { start } = boxAt(file.bytes, "moov");
  continueWith(file, SECOND);
  finish(file);
  assert.equal(new TextDecoder().decode(file.bytes.subarray(start + 4, start + 8)), "free");
});

Deno.test("a recording is continued again and again", () => {
  const file = liveRecording();
  finish(file);
  const frames = [...FIRST];
  for (let session = 2; session < 6; session++) {
    const more = someFrames(session, session);
    continueWith(file, more);
    finish(file);
    frames.push(...more);
    assert.deepEqual(readPlainMp4(file.bytes), frames);
    assert.deepEqual(topLevel(file.bytes), ["ftyp", "mdat", "moov"]);
  }
});

Deno.test("a recording that is continued by nothing stays as it was", () => {
  const file = liveRecording();
  finish(file);
  const finished = file.bytes;
  continueWith(file, []);
  assert.notDeepEqual(file.bytes, finished);
  finish(file);
  assert.deepEqual(file.bytes, finished);
});

Deno.test("the earlier recording plays at any byte that a later session comes to", () => {
  const finished = liveRecording();
  finish(finished);
  for (
    const { file, at } of crashes(finished, (length) => {
      const recording = new MemoryFile(finished.bytes).run(readRecording(length));
      return continueRecording(recording);
    })
  ) {
    assertFinishes(file, FIRST, at);
  }

  const continued = continuedRecording();
  const more = fragments(SECOND, PER_FRAGMENT, FIRST.length);
  for (let length = finished.length; length <= continued.length; length++) {
    const file = new MemoryFile(continued.bytes.subarray(0, length));
    assert.deepEqual(readPlainMp4(file.bytes), FIRST);
    const frames = wholeFrames([finished.bytes, ...more], length);
    assertFinishes(file, [...FIRST, ...SECOND.slice(0, frames)], `cut at ${length}`);
  }
});

Deno.test("a crash at any byte of finishing a continued recording leaves one that plays", () => {
  const continued = continuedRecording();
  for (const { file, at, torn } of crashes(continued, finishRecording)) {
    if (!torn) {
      const plays = readPlainMp4(file.bytes).length;
      assert.ok(plays === FIRST.length || plays === FIRST.length + SECOND.length, at);
    }
    assertFinishes(file, [...FIRST, ...SECOND], at);
  }
});

Deno.test("a recording of many fragments is finished in bounded steps", () => {
  const frames = someFrames(60_000);
  const file = new MemoryFile(header(audioConfig()), ...fragments(frames, 43));
  finish(file);
  assert.deepEqual(readPlainMp4(file.bytes), frames);
});

Deno.test("another file is refused by name, and left as it is", () => {
  const other = new MemoryFile(new Uint8Array(1000));
  const expected = new Mp4Error(
    "Cannot parse MP4: expected a recording of Echo's, got another file",
  );
  assert.throws(() => finish(other), expected);
  assert.throws(() => other.run(readRecording(other.length)), expected);
  assert.deepEqual(other.bytes, new Uint8Array(1000));
});

Deno.test("a recording whose frames are of no codec is refused by name, and left as it is", () => {
  const file = liveRecording();
  const trex = boxAt(file.bytes, "moov", "mvex", "trex").payload;
  file.write(trex + 12, Uint8Array.of(0, 0, 4, 1));
  const before = file.bytes;
  assert.throws(() => finish(file), /^Mp4Error: .*1025 samples/);
  assert.deepEqual(file.bytes, before);
});

Deno.test("a recording that is not finished does not read as one", () => {
  const file = liveRecording();
  assert.throws(
    () => file.run(readRecording(file.length)),
    new Mp4Error("Cannot read recording: expected a finished one, got one that is not"),
  );
});

Deno.test("whatever bytes follow a recording's header, finishing it fails by name or works", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (noise, afterAudio) => {
    const file = new MemoryFile(header(audioConfig()));
    if (afterAudio) file.append(...fragments(FIRST, PER_FRAGMENT));
    file.append(noise);
    if (afterAudio) assertFinishes(file, FIRST, "noise");
    else assert.throws(() => finish(file), Mp4Error);
  }));
});

Deno.test("whatever byte of a file is damaged, finishing it fails by name or works", () => {
  const continued = continuedRecording();
  finish(continued);
  for (let at = 0; at < continued.length; at++) {
    for (const change of [1, 0x80]) {
      const bytes = continued.bytes;
      bytes[at] = (bytes[at] ?? 0) ^ change;
      try {
        finish(new MemoryFile(bytes));
      } catch (error) {
        assert.ok(error instanceof Mp4Error, `byte ${at}: ${error}`);
      }
    }
  }
});

Deno.test("any frames in any fragments of any sessions come out in order", () => {
  const session = fc.array(
    fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 9 }),
    {
      minLength: 1,
      maxLength: 6,
    },
  );
  fc.assert(fc.property(fc.array(session, { minLength: 1, maxLength: 4 }), (sessions) => {
    const file = new MemoryFile(header(audioConfig()));
    const written: Uint8Array[] = [];
    for (const [i, session] of sessions.entries()) {
      if (i > 0) file.run(continueRecording(file.run(readRecording(file.length))));
      for (const frames of session) {
        file.append(...fragments(frames, frames.length, written.length));
        written.push(...frames);
      }
      assert.equal(finish(file).frames, written.length);
    }
    assert.deepEqual(readPlainMp4(file.bytes), written);
    assert.deepEqual(topLevel(file.bytes), ["ftyp", "mdat", "moov"]);
  }));
});

function liveRecording(): MemoryFile {
  return new MemoryFile(header(audioConfig()), ...fragments(FIRST, PER_FRAGMENT));
}

function continuedRecording(): MemoryFile {
  const file = liveRecording();
  finish(file);
  continueWith(file, SECOND);
  return file;
}

function continueWith(file: MemoryFile, frames: readonly Uint8Array[]): void {
  const recording = file.run(readRecording(file.length));
  file.run(continueRecording(recording));
  file.append(...fragments(frames, PER_FRAGMENT, recording.frames));
}

function finish(file: MemoryFile): FinishedRecording {
  return file.run(finishRecording(file.length));
}

function assertFinishes(file: MemoryFile, frames: readonly Uint8Array[], what: string): void {
  const recording = finish(file);
  assert.deepEqual(readPlainMp4(file.bytes), frames, what);
  assert.deepEqual(topLevel(file.bytes), ["ftyp", "mdat", "moov"], what);
  assert.equal(recording.frames, frames.length, what);
  assert.equal(recording.length, file.length, what);
}

/** Frames of the fragments that are whole in the first `length` bytes of a head and fragments. */
function wholeFrames(parts: readonly Uint8Array[], length: number): number {
  const [head, ...rest] = parts;
  let end = head?.length ?? 0;
  let frames = 0;
  for (const fragment of rest) {
    end += fragment.length;
    if (end > length) break;
    const trun = boxAt(fragment, "moof", "traf", "trun").payload;
    frames += new DataView(fragment.buffer).getUint32(trun + 4);
  }
  return frames;
}

/** The file as a crash of some work may leave it: after each change, and at each byte of a write. */
function* crashes<Result>(
  before: MemoryFile,
  work: (length: number) => FileSteps<Result>,
): Generator<{ file: MemoryFile; at: string; torn: boolean }> {
  const changes: FileStep[] = [];
  new MemoryFile(before.bytes).run(work(before.length), changes);
  const reached = new MemoryFile(before.bytes);
  for (const [i, change] of changes.entries()) {
    yield { file: new MemoryFile(reached.bytes), at: `before change ${i}`, torn: false };
    const bytes = change.kind === "write" ? change.data.length : 0;
    for (let torn = 1; torn < bytes; torn++) {
      const file = new MemoryFile(reached.bytes);
      if (change.kind === "write") file.write(change.offset, change.data.subarray(0, torn));
      yield { file, at: `at byte ${torn} of change ${i}`, torn: true };
    }
    reached.change(change);
  }
  yield { file: reached, at: "at the end", torn: false };
}
