/** What players see of a recording, while it grows and once it is finished. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from "mediabunny";
import type { AudioConfig } from "../../src/audio/audio_config.ts";
import { finishRecording } from "../../src/mp4/finish.ts";
import {
  continueRecording,
  continuesRecording,
  readRecording,
  type RecordingOptions,
} from "../../src/mp4/recording.ts";
import { accessUnits, adtsStream, audioConfig } from "../../testing/audio/access_units.ts";
import { encode, run } from "../../testing/audio/ffmpeg.ts";
import { MemoryFile } from "../../testing/mp4/memory_file.ts";
import { topLevel } from "../../testing/mp4/plain_mp4.ts";
import { fragments, header } from "../../testing/mp4/recordings.ts";

/** What an encoder made: a configuration and its access units. */
interface Stream {
  readonly config: AudioConfig;
  readonly frames: readonly Uint8Array[];
}

const SOURCES: Readonly<Record<string, () => Promise<Stream>>> = {
  "AAC-LC mono": () => encoded({ layout: "mono", rate: 44100 }),
  "AAC-LC stereo": () => encoded({ seconds: 6 }),
  "AAC-LC stereo at 96 kHz": () => encoded({ rate: 96000 }),
  "AAC-LC mono at 8 kHz": () => encoded({ rate: 8000, layout: "mono", bitrate: "16k" }),
  "AAC Main": () => encoded({ options: ["-profile:a", "aac_main"] }),
  "AAC-LC 5.1": () => encoded({ layout: "5.1" }),
  "AAC-LC 7.1": () => encoded({ layout: "7.1", bitrate: "384k" }),
  "AAC-LC 5.1(side) with a program_config_element": () => encoded({ layout: "5.1(side)" }),
  "HE-AAC v1 stereo, implicit": () => shipped("he-aac-v1_44100_stereo_64k.aac"),
  "HE-AAC v1 mono, implicit": () => shipped("he-aac-v1_48000_mono_32k.aac"),
  "HE-AAC v2, implicit": () => shipped("he-aac-v2_44100_stereo_32k.aac"),
  "HE-AAC v1, explicit": () => shipped("he-aac-v1_44100_stereo_64k.aac", { sbr: true }),
  "HE-AAC v2, explicit": () => shipped("he-aac-v2_44100_stereo_32k.aac", { sbr: true, ps: true }),
};

for (const [name, source] of Object.entries(SOURCES)) {
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
      const input = new Input({ source: new BufferSource(bytes), formats: ALL_FORMATS });
      const track = await input.getPrimaryAudioTrack();
      assert.ok(track);
      const read: string[] = [];
      for await (const packet of new EncodedPacketSink(track).packets()) {
        read.push(md5(packet.data));
      }
      assert.deepEqual(read, stream.frames.map(md5), state);
      const duration = 1024 * stream.frames.length / stream.config.sampleRate;
      assert.ok(Math.abs(await input.computeDuration() - duration) < 1e-6, state);
      assert.equal((await input.getMetadataTags()).title, "demo");
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
    const whole = await samples(path);
    const at = 3.2;
    const tail = await samples(path, ["-ss", `${at}`]);
    const expected = whole.subarray(at * 48000 * 4);
    assert.equal(tail.length, expected.length);
    // The first frame that is decoded lacks the overlap of the one before.
    const warm = 2 * 1024 * 4;
    assert.ok(Buffer.compare(tail.subarray(warm), expected.subarray(warm)) === 0);
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

async function encoded(encoding: Parameters<typeof encode>[0]): Promise<Stream> {
  return accessUnits(await encode(encoding));
}

/** The stream of a file in testing/media, with what ADTS does not tell. */
async function shipped(name: string, told: Partial<AudioConfig> = {}): Promise<Stream> {
  const adts = await Deno.readFile(new URL(`../../testing/media/${name}`, import.meta.url));
  const { config, frames } = accessUnits(adts);
  return { config: { ...config, ...told }, frames };
}

/** A recording of a second a fragment. */
function recording(stream: Stream, options: Partial<RecordingOptions> = {}): Uint8Array[] {
  const perFragment = Math.round(stream.config.sampleRate / 1024);
  return [header(stream.config, options), ...fragments(stream.frames, perFragment)];
}

function finished(stream: Stream): MemoryFile {
  const file = new MemoryFile(...recording(stream));
  file.run(finishRecording(file.length));
  return file;
}

/** A recording of the first half, finished, and the second half behind it. */
function continued(stream: Stream): MemoryFile {
  const half = Math.floor(stream.frames.length / 2);
  const file = finished({ config: stream.config, frames: stream.frames.slice(0, half) });
  const recording = file.run(readRecording(file.length));
  assert.ok(continuesRecording(recording, stream.config));
  file.run(continueRecording(recording));
  file.append(...fragments(stream.frames.slice(half), 20, recording.frames));
  return file;
}

function states(stream: Stream): Map<string, Uint8Array<ArrayBuffer>> {
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

async function inFile(bytes: Uint8Array, use: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempFile({ suffix: ".mp4" });
  try {
    await Deno.writeFile(path, bytes);
    await use(path);
  } finally {
    await Deno.remove(path);
  }
}

/** Some program_config_elements have a layout without a name; FFmpeg is loud about its guesses. */
const NO_GUESS = ["-guess_layout_max", "0"];

/** Decode time, duration, size and MD5 of each packet, and the MD5 of the decoded sound. */
async function readByFfmpeg(
  path: string,
  options: readonly string[] = [],
): Promise<{ packets: string[]; sound: string | undefined }> {
  const input = [...options, ...NO_GUESS, "-i", path];
  const copied = ["-map", "0:a", "-c", "copy", "-f", "framemd5", "pipe:1"];
  const output = await run("ffmpeg", [...input, ...copied, ...DECODED]);
  const lines = new TextDecoder().decode(output).trim().split("\n");
  const packets = lines.filter((line) => !line.startsWith("#") && !line.startsWith("MD5"))
    .map((line) => line.split(",").map((field) => field.trim()))
    .map(([, dts, , duration, size, hash]) => `${dts} ${duration} ${size} ${hash}`);
  return { packets, sound: lines.find((line) => line.startsWith("MD5")) };
}

const DECODED = ["-map", "0:a", "-c:a", "pcm_s16le", "-f", "md5", "pipe:1"];

async function soundOfAdts(adts: Uint8Array): Promise<string> {
  const output = await run("ffmpeg", [...NO_GUESS, "-f", "aac", "-i", "pipe:0", ...DECODED], adts);
  return new TextDecoder().decode(output).trim();
}

function expectedPackets(frames: readonly Uint8Array[]): string[] {
  return frames.map((frame, i) => `${1024 * i} 1024 ${frame.length} ${md5(frame)}`);
}

function md5(bytes: Uint8Array): string {
  return createHash("md5").update(bytes).digest("hex");
}

async function durationTicks(path: string): Promise<number> {
  return Number(await probe(path, "stream=duration_ts", "csv=p=0"));
}

async function probe(path: string, entries: string, format: string): Promise<string> {
  const output = await run("ffprobe", ["-show_entries", entries, "-of", format, path]);
  return new TextDecoder().decode(output).trim();
}

function samples(path: string, options: readonly string[] = []): Promise<Uint8Array> {
  return run("ffmpeg", [...options, "-i", path, "-f", "s16le", "pipe:1"]);
}
