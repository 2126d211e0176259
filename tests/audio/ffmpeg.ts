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
  const { rate = 48000, layout = "stereo", seconds = 1, bitrate = "128k" } = encoding;
  const { format = "adts", options = [] } = encoding;
  const source = `aevalsrc='(0.3*sin(2*PI*440*t)+0.1*random(0))*(1+sin(9*t))/2':s=${rate}`;
  const input = ["-f", "lavfi", "-i", source, "-t", `${seconds}`];
  const filter = ["-af", `pan=${layout}|${panned(layout)}`];
  const coder = ["-c:a", "aac", "-b:a", bitrate, ...options];
  const output = ["-f", format, "pipe:1"];
  return run("ffmpeg", [...input, ...filter, ...coder, ...output], undefined, "error");
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
