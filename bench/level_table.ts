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
import { classical, pianissimo } from "../testing/audio/classical.ts";
import { encodeByFdkaac, isFdkaacInstalled } from "../testing/audio/fdkaac.ts";
import {
  encodeProgramme,
  music,
  noise,
  type Programme,
  type ProgrammeOptions,
  speech,
  tone,
  whiteNoise,
  zeros,
} from "../testing/audio/programmes.ts";

/** As long as the piece of classical music. */
const SECONDS = 120;
const ROUNDS = 20;
/** So many frames are timed. */
const TIMED = 1000;

interface Stream {
  readonly config: AudioConfig;
  readonly frames: readonly Uint8Array[];
}

/** What is encoded, at some rate. */
const PROGRAMMES: Readonly<Record<string, (rate: number) => Programme>> = {
  "digital silence": (rate) => zeros({ rate, seconds: SECONDS }),
  ...atLevels("noise", noise, [-60, -50, -45, -40, -30]),
  ...atLevels("white noise", whiteNoise, [-60, -45, -30]),
  ...atLevels("tone", tone, [-60, -45, -30]),
  ...atLevels("speech", speech, [-23, -35]),
  ...atLevels("music", music, [-20, -35]),
  ...atLevels("classical", classical, [-15, -25]),
  ...atLevels("pianissimo", pianissimo, [-45, -55]),
};

function atLevels(
  name: string,
  make: (options: ProgrammeOptions) => Programme,
  levels: readonly number[],
): Record<string, (rate: number) => Programme> {
  return Object.fromEntries(levels.map((levelDb) => [
    `${name}, ${told(levelDb)}`,
    (rate: number) => make({ rate, seconds: SECONDS, levelDb }),
  ]));
}

interface Encoding {
  readonly title: string;
  readonly rate: number;
  readonly encode: (programme: Programme) => Promise<Uint8Array>;
  readonly read: (bytes: Uint8Array) => Stream;
}

type Channels = 1 | 2;

const aac = (title: string, rate: number, channels: Channels, options: string): Encoding => {
  const output = ["-c:a", "aac", ...options.split(" "), "-f", "adts"];
  const encode = (it: Programme) => encodeProgramme(it, { rate, channels, output });
  return { title, rate, encode, read: accessUnits };
};
const mp3 = (title: string, rate: number, channels: Channels, options: string): Encoding => {
  const output = ["-c:a", "libmp3lame", ...options.split(" "), "-write_xing", "0", "-f", "mp3"];
  const encode = (it: Programme) => encodeProgramme(it, { rate, channels, output });
  return { title, rate, encode, read: mp3Frames };
};
const fdk = (title: string, rate: number, channels: Channels, options: string): Encoding => {
  const encode = (it: Programme) => {
    return encodeByFdkaac(it, { rate, channels, options: options.split(" ") });
  };
  return { title, rate, encode, read: accessUnits };
};

const AAC_LC = [
  aac("32k mono", 44_100, 1, "-b:a 32k"),
  aac("64k stereo", 44_100, 2, "-b:a 64k"),
  aac("128k stereo", 48_000, 2, "-b:a 128k"),
  aac("VBR stereo", 44_100, 2, "-q:a 1"),
];
const AAC_LC_BY_FDKAAC = [
  fdk("fdkaac 96k stereo", 44_100, 2, "-p 2 -b 96000"),
  fdk("fdkaac VBR 3 stereo", 44_100, 2, "-p 2 -m 3"),
];
const HE_AAC = [
  fdk("v1 32k mono", 44_100, 1, "-p 5 -b 32000"),
  fdk("v1 48k stereo", 48_000, 2, "-p 5 -b 48000"),
  fdk("v1 64k stereo", 44_100, 2, "-p 5 -b 64000"),
  fdk("v1 VBR 3 stereo", 44_100, 2, "-p 5 -m 3"),
  fdk("v2 32k stereo", 44_100, 2, "-p 29 -b 32000"),
  fdk("v2 VBR 1 stereo", 44_100, 2, "-p 29 -m 1"),
];
const MP3 = [
  mp3("32k mono", 22_050, 1, "-b:a 32k"),
  mp3("64k mono", 44_100, 1, "-b:a 64k"),
  mp3("128k stereo", 44_100, 2, "-b:a 128k"),
  mp3("320k stereo", 48_000, 2, "-b:a 320k"),
  mp3("VBR stereo", 44_100, 2, "-q:a 4"),
];

/** HE-AAC of other encoders. */
const FILES = [
  "he-aac-v1_44100_stereo_64k.aac",
  "he-aac-v1_48000_mono_32k.aac",
  "he-aac-v2_44100_stereo_32k.aac",
];

if (import.meta.main) {
  const hasFdkaac = await isFdkaacInstalled();
  if (!hasFdkaac) console.log("Left out, since there is no fdkaac: HE-AAC, and its AAC-LC\n");
  await compareAll("AAC-LC", hasFdkaac ? [...AAC_LC, ...AAC_LC_BY_FDKAAC] : AAC_LC);
  if (hasFdkaac) await compareAll("HE-AAC", HE_AAC);
  await compareAll("MP3", MP3);
  console.log("| file | decoded / estimated |\n| --- | ---: |");
  for (const file of FILES) {
    const bytes = await Deno.readFile(new URL(`../testing/media/${file}`, import.meta.url));
    console.log(`| ${file} | ${(await compare(bytes, accessUnits(bytes))).cell} |`);
  }
}

/** Prints a table of all programmes in some encodings of a codec. */
async function compareAll(codec: string, encodings: readonly Encoding[]): Promise<void> {
  console.log(`| ${[codec, ...encodings.map(({ title }) => title)].join(" | ")} |`);
  console.log(`| --- |${" ---: |".repeat(encodings.length)}`);
  const costs = encodings.map(() => 0);
  for (const [name, make] of Object.entries(PROGRAMMES)) {
    const cells: string[] = [];
    for (const [i, { rate, encode, read }] of encodings.entries()) {
      const bytes = await encode(make(rate));
      const { cell, micros } = await compare(bytes, read(bytes));
      cells.push(cell);
      costs[i] = Math.max(costs[i] ?? 0, micros);
    }
    console.log(`| ${name} | ${cells.join(" | ")} |`);
  }
  const most = costs.map((micros) => `${micros.toFixed(1)} µs`);
  console.log(`\nAn estimate takes at most ${most.join(", ")}\n`);
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
  return { cell, micros: microsecondsOf(config, frames.slice(0, TIMED)) };
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
