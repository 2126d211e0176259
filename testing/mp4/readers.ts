/** What FFmpeg and mediabunny, which know nothing of Echo, read in MP4 files. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from "mediabunny";
import { run } from "../audio/ffmpeg.ts";

/** Has `use` read a file with these bytes. */
export async function inFile(
  bytes: Uint8Array,
  use: (path: string) => Promise<void>,
): Promise<void> {
  const path = await Deno.makeTempFile({ suffix: ".mp4" });
  try {
    await Deno.writeFile(path, bytes);
    await use(path);
  } finally {
    await Deno.remove(path);
  }
}

/** What {@link readByFfmpeg} finds. */
export interface FfmpegFindings {
  /** As {@link expectedPackets}. */
  readonly packets: string[];
  /** MD5 of the decoded sound. */
  readonly sound: string | undefined;
}

/** Has FFmpeg read and decode a file; fails where it warns of anything. */
export async function readByFfmpeg(
  path: string,
  options: readonly string[] = [],
): Promise<FfmpegFindings> {
  const input = [...options, ...NO_GUESS, "-i", path];
  const copied = ["-map", "0:a", "-c", "copy", "-f", "framemd5", "pipe:1"];
  const output = await run("ffmpeg", [...input, ...copied, ...DECODED]);
  const lines = new TextDecoder().decode(output).trim().split("\n");
  const packets = lines.filter((line) => !line.startsWith("#") && !line.startsWith("MD5"))
    .map((line) => line.split(",").map((field) => field.trim()))
    .map(([, dts, , duration, size, hash]) => `${dts} ${duration} ${size} ${hash}`);
  return { packets, sound: lines.find((line) => line.startsWith("MD5")) };
}

/** Decode time since the first one, duration, size and MD5 of each packet. */
export function expectedPackets(frames: readonly Uint8Array[], samplesPerFrame = 1024): string[] {
  return frames.map((frame, i) =>
    `${samplesPerFrame * i} ${samplesPerFrame} ${frame.length} ${md5(frame)}`
  );
}

/** MD5 of the sound that FFmpeg decodes from an ADTS stream. */
export function soundOfAdts(adts: Uint8Array): Promise<string> {
  return soundOf("aac", adts);
}

/** The same of a stream of MP3. FFmpeg warns that it cannot tell how long that is. */
export function soundOfMp3(mp3: Uint8Array): Promise<string> {
  return soundOf("mp3", mp3, "error");
}

async function soundOf(format: string, stream: Uint8Array, level?: string): Promise<string> {
  const input = [...NO_GUESS, "-f", format, "-i", "pipe:0"];
  const output = await run("ffmpeg", [...input, ...DECODED], stream, level);
  return new TextDecoder().decode(output).trim();
}

/** The samples that FFmpeg decodes of a file, those of all channels side by side. */
export async function samplesOf(
  path: string,
  options: readonly string[] = [],
): Promise<Int16Array> {
  const bytes = await run("ffmpeg", [...options, "-i", path, "-f", "s16le", "pipe:1"]);
  return new Int16Array(bytes.slice().buffer);
}

/** A place in a file with sound. */
export interface Place {
  /** In seconds; a whole number of samples. */
  readonly at: number;
  readonly rate: number;
  readonly channels: number;
}

/**
 * Has FFmpeg seek in a file. Fails where it does not find the rest of `whole` there, all of it.
 * @param whole what it decodes from the beginning on
 * @param options as {@link samplesOf} has them
 * @returns for how many samples from the place on that differs: the first frame that is decoded lacks
 *   what it needs of those before
 */
export async function samplesUntilSame(
  path: string,
  whole: Int16Array,
  { at, rate, channels }: Place,
  options: readonly string[] = [],
): Promise<number> {
  const expected = whole.subarray(Math.round(at * rate) * channels);
  const found = await samplesOf(path, [...options, "-ss", `${at}`]);
  assert.equal(found.length, expected.length, `samples from ${at} s on`);
  const last = found.findLastIndex((sample, i) => sample !== expected[i]);
  return Math.ceil((last + 1) / channels);
}

/** What ffprobe says of a file. */
export async function probe(path: string, entries: string, format: string): Promise<string> {
  const output = await run("ffprobe", ["-show_entries", entries, "-of", format, path]);
  return new TextDecoder().decode(output).trim();
}

/** What {@link readByMediabunny} finds. */
export interface MediabunnyFindings {
  /** MD5 of each access unit. */
  readonly hashes: string[];
  /** When the first one is heard, and how long all of it is, in seconds. */
  readonly begins: number;
  readonly ends: number;
  readonly title: string | undefined;
}

/** Has mediabunny read the audio of a file. */
export async function readByMediabunny(
  bytes: Uint8Array<ArrayBuffer>,
): Promise<MediabunnyFindings> {
  const input = new Input({ source: new BufferSource(bytes), formats: ALL_FORMATS });
  const track = await input.getPrimaryAudioTrack();
  assert.ok(track);
  const hashes: string[] = [];
  for await (const packet of new EncodedPacketSink(track).packets()) hashes.push(md5(packet.data));
  return {
    hashes,
    begins: await track.getFirstTimestamp(),
    ends: await input.computeDuration(),
    title: (await input.getMetadataTags()).title,
  };
}

export function md5(bytes: Uint8Array): string {
  return createHash("md5").update(bytes).digest("hex");
}

/** Some program_config_elements have a layout without a name; FFmpeg is loud about its guesses. */
const NO_GUESS = ["-guess_layout_max", "0"];
/**
 * For {@link samplesOf}: FFmpeg warns of MP3 that it cannot tell how long that is, and of bits that it
 * lacks where it begins in the middle.
 */
export const ERRORS_ALONE = ["-v", "error"];
const DECODED = ["-map", "0:a", "-c:a", "pcm_s16le", "-f", "md5", "pipe:1"];
