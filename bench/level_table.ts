/**
 * How good estimates of the level are: a table of them against FFmpeg's `volumedetect`, for
 * docs/dead-air.md, and how long one takes.
 */
import process from "node:process";
import type { AudioConfig } from "../src/audio/audio_config.ts";
import { codecOf } from "../src/audio/codec_of.ts";
import { decibelsOf, powerOfDecibels } from "../src/audio/decibels.ts";
import { accessUnits } from "../testing/audio/access_units.ts";
import { mp3Frames } from "../testing/audio/mp3_streams.ts";
import {
  encodeProgramme,
  music,
  noise,
  type Programme,
  speech,
  tone,
  zeros,
} from "../testing/audio/programmes.ts";

const SECONDS = 60;
const ROUNDS = 20;

interface Stream {
  readonly config: AudioConfig;
  readonly frames: readonly Uint8Array[];
}

/** What is encoded, at some rate. */
const PROGRAMMES: Readonly<Record<string, (rate: number) => Programme>> = {
  "digital silence": (rate) => zeros({ rate, seconds: SECONDS }),
  ...Object.fromEntries([-60, -50, -45, -40, -30].map((levelDb) => [
    `noise, ${told(levelDb)}`,
    (rate: number) => noise({ rate, seconds: SECONDS, levelDb }),
  ])),
  ...Object.fromEntries([-60, -30].map((levelDb) => [
    `tone, ${told(levelDb)}`,
    (rate: number) => tone({ rate, seconds: SECONDS, levelDb }),
  ])),
  "speech": (rate) => speech({ rate, seconds: SECONDS, levelDb: -23 }),
  "quiet speech": (rate) => speech({ rate, seconds: SECONDS, levelDb: -35 }),
  "music": (rate) => music({ rate, seconds: SECONDS, levelDb: -20 }),
  "quiet music": (rate) => music({ rate, seconds: SECONDS, levelDb: -35 }),
};

interface Encoding {
  readonly title: string;
  readonly rate: number;
  readonly channels: number;
  readonly output: readonly string[];
  readonly read: (bytes: Uint8Array) => Stream;
}

const aac = (title: string, rate: number, channels: number, options: string): Encoding => ({
  ...{ title, rate, channels, read: accessUnits },
  output: ["-c:a", "aac", ...options.split(" "), "-f", "adts"],
});
const mp3 = (title: string, rate: number, channels: number, options: string): Encoding => ({
  ...{ title, rate, channels, read: mp3Frames },
  output: ["-c:a", "libmp3lame", ...options.split(" "), "-write_xing", "0", "-f", "mp3"],
});

const ENCODINGS: readonly Encoding[] = [
  aac("AAC-LC 32k mono", 44_100, 1, "-b:a 32k"),
  aac("AAC-LC 64k stereo", 44_100, 2, "-b:a 64k"),
  aac("AAC-LC 128k stereo", 48_000, 2, "-b:a 128k"),
  aac("AAC-LC VBR stereo", 44_100, 2, "-q:a 1"),
  mp3("MP3 32k mono", 22_050, 1, "-b:a 32k"),
  mp3("MP3 64k mono", 44_100, 1, "-b:a 64k"),
  mp3("MP3 128k stereo", 44_100, 2, "-b:a 128k"),
  mp3("MP3 320k stereo", 48_000, 2, "-b:a 320k"),
  mp3("MP3 VBR stereo", 44_100, 2, "-q:a 4"),
];

/** FFmpeg has no encoder of HE-AAC, so these are files. */
const FILES = [
  "he-aac-v1_44100_stereo_64k.aac",
  "he-aac-v1_48000_mono_32k.aac",
  "he-aac-v2_44100_stereo_32k.aac",
];

if (import.meta.main) {
  const titles = ENCODINGS.map(({ title }) => title);
  console.log(`| decoded / estimated | ${titles.join(" | ")} |`);
  console.log(`| --- |${" ---: |".repeat(titles.length)}`);
  const costs = new Map<string, number>();
  for (const [name, make] of Object.entries(PROGRAMMES)) {
    const cells: string[] = [];
    for (const { title, rate, channels, output, read } of ENCODINGS) {
      const bytes = await encodeProgramme(make(rate), { rate, channels, output });
      const { cell, micros } = await compare(bytes, read(bytes));
      cells.push(cell);
      costs.set(title, Math.max(costs.get(title) ?? 0, micros));
    }
    console.log(`| ${name} | ${cells.join(" | ")} |`);
  }
  console.log("\n| HE-AAC | decoded / estimated |\n| --- | ---: |");
  for (const file of FILES) {
    const bytes = await Deno.readFile(new URL(`../testing/media/${file}`, import.meta.url));
    console.log(`| ${file} | ${(await compare(bytes, accessUnits(bytes))).cell} |`);
  }
  console.log("\n| encoding | an estimate takes at most |\n| --- | ---: |");
  for (const [title, micros] of costs) console.log(`| ${title} | ${micros.toFixed(1)} µs |`);
}

/** The mean of all frames' estimates beside what `volumedetect` finds, and the time of one. */
async function compare(
  bytes: Uint8Array,
  { config, frames }: Stream,
): Promise<{ cell: string; micros: number }> {
  const meter = codecOf(config).levelMeter(config);
  const levels = frames.flatMap((frame) => {
    meter.take?.(frame);
    return meter.level(frame) ?? [];
  });
  const sum = levels.reduce((sum, level) => sum + powerOfDecibels(level), 0);
  const estimate = decibelsOf(sum / levels.length);
  const cell = `${told(await volumeDetected(bytes))} / ${told(estimate)}`;
  return { cell, micros: microsecondsOf(config, frames) };
}

/** Processor time of one estimate, warmed up, as the mean of some rounds. */
function microsecondsOf(config: AudioConfig, frames: readonly Uint8Array[]): number {
  const meter = codecOf(config).levelMeter(config);
  const estimateAll = () => {
    for (const frame of frames) {
      meter.take?.(frame);
      meter.level(frame);
    }
  };
  for (let round = 0; round < 3; round++) estimateAll();
  const start = process.cpuUsage();
  for (let round = 0; round < ROUNDS; round++) estimateAll();
  return process.cpuUsage(start).user / ROUNDS / frames.length;
}

/** mean_volume, in dBFS. FFmpeg counts in 16 bits, so that it says -91 dB of digital silence. */
async function volumeDetected(bytes: Uint8Array): Promise<number> {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeFile(file, bytes);
    const args = ["-hide_banner", "-i", file, "-af", "volumedetect", "-f", "null", "-"];
    const { stderr } = await new Deno.Command("ffmpeg", { args, stderr: "piped" }).output();
    const [, level = "NaN"] = /mean_volume: (\S+) dB/.exec(new TextDecoder().decode(stderr)) ?? [];
    return Number(level);
  } finally {
    await Deno.remove(file);
  }
}

function told(levelDb: number): string {
  if (levelDb === -Infinity) return "−∞";
  return levelDb.toFixed(Number.isInteger(levelDb) ? 0 : 1).replace("-", "−");
}
