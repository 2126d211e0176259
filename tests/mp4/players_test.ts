/** What players see of a recording, while it grows and once it is finished. */
import assert from "node:assert/strict";
import { finishRecording } from "../../src/mp4/finish.ts";
import {
  continueRecording,
  continuesRecording,
  readRecording,
  type RecordingOptions,
} from "../../src/mp4/recording.ts";
import { adtsStream, audioConfig } from "../../testing/audio/access_units.ts";
import {
  encoded,
  ENCODED_STREAMS,
  type EncodedStream,
  shipped,
} from "../../testing/audio/encoded_streams.ts";
import { MemoryFile } from "../../testing/mp4/memory_file.ts";
import { topLevel } from "../../testing/mp4/plain_mp4.ts";
import {
  expectedPackets,
  inFile,
  md5,
  probe,
  readByFfmpeg,
  readByMediabunny,
  samplesOf,
  samplesUntilSame,
  soundOfAdts,
} from "../../testing/mp4/readers.ts";
import { fragments, header } from "../../testing/mp4/recordings.ts";

for (const [name, source] of Object.entries(ENCODED_STREAMS)) {
  Deno.test(`${name}: FFmpeg reads every access unit and the same sound, live and finished`, async () => {
    const stream = await source();
    const sound = await soundOfAdts(adtsStream(stream.config, stream.frames));
    await Promise.all(Array.from(states(stream), ([state, bytes]) =>
      inFile(bytes, async (path) => {
        const read = await readByFfmpeg(path);
        assert.deepEqual(read.packets, expectedPackets(stream.frames), state);
        assert.equal(read.sound, sound, state);
        assert.equal(await durationTicks(path), 1024 * stream.frames.length, state);
      })));
  });

  Deno.test(`${name}: mediabunny reads every access unit, live and finished`, async () => {
    const stream = await source();
    for (const [state, bytes] of states(stream)) {
      if (state === "continued") continue; // it reads the earlier session only
      const read = await readByMediabunny(bytes);
      assert.deepEqual(read.hashes, stream.frames.map(md5), state);
      const duration = 1024 * stream.frames.length / stream.config.sampleRate;
      assert.ok(Math.abs(read.ends - duration) < 1e-6, state);
      assert.equal(read.title, "demo");
    }
  });
}

Deno.test("players see the HE-AAC that is signalled", async () => {
  const v1 = await shipped("he-aac-v1_44100_stereo_64k.aac", { sbr: true });
  const v2 = await shipped("he-aac-v2_44100_stereo_32k.aac", { sbr: true, ps: true });
  for (const [stream, profile] of [[v1, "HE-AAC"], [v2, "HE-AACv2"]] as const) {
    await inFile(finished(stream).bytes, async (path) => {
      const seen = await probe(path, "stream=profile,sample_rate,channels", "compact=p=0");
      assert.equal(seen, `profile=${profile}|sample_rate=44100|channels=2`);
    });
  }
});

Deno.test("title, date and facts are shown", async () => {
  const stream = await encoded({});
  await inFile(finished(stream).bytes, async (path) => {
    const tags = await probe(
      path,
      "format_tags=title,date,country,os,creation_time",
      "compact=p=0",
    );
    assert.deepEqual(tags.split("|").sort(), [
      "tag:country=JP",
      "tag:creation_time=2026-03-29T20:15:30.000000Z",
      "tag:date=2026-03-29T20:15:30Z",
      "tag:os=iOS é",
      "tag:title=demo",
    ]);
  });
});

Deno.test("seeking is exact in a finished recording", async () => {
  // Without noise substitution, which a decoder makes up anew each time.
  const stream = await encoded({ seconds: 6, options: ["-aac_pns", "0"] });
  await inFile(finished(stream).bytes, async (path) => {
    const place = { at: 3.2, rate: 48000, channels: 2 };
    const differing = await samplesUntilSame(path, await samplesOf(path), place);
    assert.ok(differing <= 2 * 1024);
  });
});

Deno.test("FFmpeg reads all sessions at each step of finishing a continued recording", async () => {
  const stream = await encoded({ seconds: 3 });
  const file = continued(stream);
  const expected = expectedPackets(stream.frames);
  for (const state of statesOfFinishing(file)) {
    const types = lenientTopLevel(state);
    await inFile(state, async (path) => {
      // Two movie boxes make it say so, between two steps.
      const quiet = types.filter((type) => type === "moov").length > 1 ? ["-v", "error"] : [];
      assert.deepEqual((await readByFfmpeg(path, quiet)).packets, expected, types.join(" "));
    });
  }
});

Deno.test("a recording takes up only the stream that it is of", () => {
  const file = new MemoryFile(header(audioConfig()), ...fragments([Uint8Array.of(1)], 1));
  const recording = file.run(finishRecording(file.length));
  assert.ok(continuesRecording(recording, audioConfig()));
  for (
    const other of [
      audioConfig({ sampleRate: 44100 }),
      audioConfig({ channelConfiguration: 1 }),
      audioConfig({ objectType: 1 }),
      audioConfig({ sbr: false }),
      audioConfig({ sampleRate: 24000, sbr: true }),
    ]
  ) {
    assert.equal(continuesRecording(recording, other), false);
  }
});

/** A recording of a second a fragment. */
function recording(stream: EncodedStream, options: Partial<RecordingOptions> = {}): Uint8Array[] {
  const perFragment = Math.round(stream.config.sampleRate / 1024);
  return [header(stream.config, options), ...fragments(stream.frames, perFragment)];
}

function finished(stream: EncodedStream): MemoryFile {
  const file = new MemoryFile(...recording(stream));
  file.run(finishRecording(file.length));
  return file;
}

/** A recording of the first half, finished, and the second half behind it. */
function continued(stream: EncodedStream): MemoryFile {
  const half = Math.floor(stream.frames.length / 2);
  const file = finished({ config: stream.config, frames: stream.frames.slice(0, half) });
  const recording = file.run(readRecording(file.length));
  assert.ok(continuesRecording(recording, stream.config));
  file.run(continueRecording(recording));
  file.append(...fragments(stream.frames.slice(half), 20, recording.frames));
  return file;
}

function states(stream: EncodedStream): Map<string, Uint8Array<ArrayBuffer>> {
  const file = continued(stream);
  const states = new Map([
    ["live", new MemoryFile(...recording(stream)).bytes],
    ["finished", finished(stream).bytes],
    ["continued", file.bytes],
  ]);
  file.run(finishRecording(file.length));
  states.set("continued and finished", file.bytes);
  for (const state of ["finished", "continued and finished"]) {
    assert.deepEqual(topLevel(states.get(state) ?? new Uint8Array()), ["ftyp", "mdat", "moov"]);
  }
  return states;
}

function* statesOfFinishing(file: MemoryFile): Generator<Uint8Array> {
  const before = new MemoryFile(file.bytes);
  const changes: Parameters<MemoryFile["run"]>[1] = [];
  file.run(finishRecording(file.length), changes);
  for (const change of changes) {
    before.change(change);
    yield before.bytes;
  }
}

/** As `topLevel`, of a file whose last box may be cut off. */
function lenientTopLevel(bytes: Uint8Array): string[] {
  for (let end = bytes.length;; end++) {
    const padded = new Uint8Array(end);
    padded.set(bytes);
    try {
      return topLevel(padded);
    } catch (error) {
      assert.ok(error instanceof assert.AssertionError && end < bytes.length + 10_000);
    }
  }
}

async function durationTicks(path: string): Promise<number> {
  return Number(await probe(path, "stream=duration_ts", "csv=p=0"));
}
