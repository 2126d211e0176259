/** MP3 for tests: streams of FFmpeg's encoder, and configurations. */
import assert from "node:assert/strict";
import type { Mp3Config } from "../../src/audio/mp3/mp3_config.ts";
import { Mp3Parser } from "../../src/audio/mp3/mp3_parser.ts";
import { Collector } from "./access_units.ts";
import { run, source } from "./ffmpeg.ts";

/** What LAME is to make. */
export interface Mp3Encoding {
  /** Default 44100. */
  readonly rate?: number;
  /** Default "joint". */
  readonly mode?: "mono" | "stereo" | "joint";
  /** "64k", or "v4" for a variable bitrate of that quality; default "128k". */
  readonly bitrate?: string;
  /** Default 1. */
  readonly seconds?: number;
  /** FFmpeg's arguments for the output; by default a stream with nothing but frames. */
  readonly output?: readonly string[];
}

/** FFmpeg's arguments for how MP3 is encoded. */
export function mp3Coder({ mode = "joint", bitrate = "128k" }: Mp3Encoding): string[] {
  const quality = /^v(\d)$/.exec(bitrate)?.[1];
  return [
    ...["-c:a", "libmp3lame", "-ac", mode === "mono" ? "1" : "2"],
    ...["-joint_stereo", mode === "joint" ? "1" : "0"],
    ...quality === undefined ? ["-b:a", bitrate] : ["-q:a", quality],
  ];
}

/** Encodes a tone that swells and fades over noise. */
export function encodeMp3(encoding: Mp3Encoding = {}): Promise<Uint8Array> {
  const { rate = 44100, seconds = 1, output = FRAMES_ALONE } = encoding;
  const args = [...source({ rate, seconds }), ...mp3Coder(encoding), ...output, "pipe:1"];
  return run("ffmpeg", args, undefined, "error");
}

const FRAMES_ALONE = ["-id3v2_version", "0", "-write_xing", "0", "-f", "mp3"];

/** The one configuration and the frames of a whole stream. */
export function mp3Frames(mp3: Uint8Array): { config: Mp3Config; frames: Uint8Array[] } {
  const found = new Collector();
  const parser = new Mp3Parser(found);
  parser.feed(mp3);
  parser.flush();
  const [config, ...others] = found.configs;
  assert.ok(config?.codec === "mp3" && others.length === 0);
  assert.equal(found.badCount, 0);
  return { config, frames: found.frames };
}

/** A config of MPEG-1 in stereo at 44.1 kHz, but for what is given. */
export function mp3Config(fields: Partial<Mp3Config> = {}): Mp3Config {
  const version = 1;
  const stereo = { codec: "mp3", version, sampleRate: 44100, samplesPerFrame: 1152 } as const;
  return { ...stereo, channels: 2, ...fields };
}

/** A config of each version, sample rate and number of channels. */
export function everyMp3Config(): Mp3Config[] {
  return RATES.flatMap(([version, sampleRate]) =>
    ([1, 2] as const).map((channels) => {
      const samplesPerFrame = version === 1 ? 1152 : 576;
      return { codec: "mp3", version, sampleRate, samplesPerFrame, channels };
    })
  );
}

const RATES = [
  [1, 44100],
  [1, 48000],
  [1, 32000],
  [2, 22050],
  [2, 24000],
  [2, 16000],
  [2.5, 11025],
  [2.5, 12000],
  [2.5, 8000],
] as const;
