/** Runs FFmpeg, and has it encode AAC of every kind. */
import assert from "node:assert/strict";

/** Runs FFmpeg's `ffmpeg` or `ffprobe`; fails where it fails or, at `-v LEVEL`, says anything. */
export async function run(
  program: "ffmpeg" | "ffprobe",
  args: readonly string[],
  input?: Uint8Array,
  level = "warning",
): Promise<Uint8Array> {
  const child = new Deno.Command(program, {
    args: ["-v", level, ...args],
    stdin: input === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const fed = input === undefined ? undefined : feed(child.stdin, input);
  const output = await child.output();
  await fed;
  assert.equal(new TextDecoder().decode(output.stderr), "", `${program} ${args.join(" ")}`);
  assert.equal(output.code, 0);
  return output.stdout;
}

async function feed(stdin: WritableStream<Uint8Array>, input: Uint8Array): Promise<void> {
  const writer = stdin.getWriter();
  await writer.write(input);
  await writer.close();
}

/** What FFmpeg's AAC encoder is to make. */
export interface Encoding {
  /** Default 48000. */
  readonly rate?: number;
  /** FFmpeg's name of a channel layout; default "stereo". */
  readonly layout?: string;
  /** Default 1. */
  readonly seconds?: number;
  /** Default "128k". */
  readonly bitrate?: string;
  /** FFmpeg's name of the container; default "adts". */
  readonly format?: string;
  readonly options?: readonly string[];
}

/** Encodes a tone that swells and fades over noise, so that access units differ in size. */
export function encode(encoding: Encoding = {}): Promise<Uint8Array> {
  const { format = "adts", options = [] } = encoding;
  const output = [...coder(encoding), ...options, "-f", format, "pipe:1"];
  return run("ffmpeg", [...source(encoding), ...output], undefined, "error");
}

/** FFmpeg's arguments for the tone as an input. */
export function source({ rate = 48000, seconds = 1 }: Encoding): string[] {
  const tone = `aevalsrc='(0.3*sin(2*PI*440*t)+0.1*random(0))*(1+sin(9*t))/2':s=${rate}`;
  return ["-t", `${seconds}`, "-f", "lavfi", "-i", tone];
}

/** FFmpeg's arguments for how an output is encoded. */
export function coder({ layout = "stereo", bitrate = "128k" }: Encoding): string[] {
  return ["-af", `pan=${layout}|${panned(layout)}`, "-c:a", "aac", "-b:a", bitrate];
}

/** Every channel gets the one of the source, each at another level. */
function panned(layout: string): string {
  const channels = CHANNELS.get(layout);
  assert.ok(channels, `no channel count for ${layout}`);
  return Array.from({ length: channels }, (_, i) => `c${i}=${1 - i / 10}*c0`).join("|");
}

const CHANNELS: ReadonlyMap<string, number> = new Map([
  ["mono", 1],
  ["stereo", 2],
  ["3.0", 3],
  ["4.0", 4],
  ["5.0", 5],
  ["5.1", 6],
  ["7.1", 8],
  ["quad", 4],
  ["5.1(side)", 6],
  ["7.1(wide)", 8],
]);
