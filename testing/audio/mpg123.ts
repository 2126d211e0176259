/** mpg123, a decoder of MP3 that shares no code with FFmpeg. */
import assert from "node:assert/strict";

/** What it says of every stream. */
const OF_EVERY_STREAM = [
  /^High Performance MPEG .* Audio Player/,
  /^\tversion .*; written and copyright by/,
  /^\tfree software \(LGPL\)/,
  /^Note: forcing output encoding/,
  /^Playing MPEG stream /,
  /^MPEG \d\.\d L III /,
  /^\[\d+:\d+\] Decoding of /,
  /^$/,
];

/** Samples of one channel, and what it has to complain about. */
export interface Mpg123Decoded {
  readonly samples: Float32Array;
  readonly complaints: string[];
}

/** Decodes a stream of MP3 to its end, the delay of decoder and encoder included. */
export async function decodeWithMpg123(mp3: Uint8Array): Promise<Mpg123Decoded> {
  const child = new Deno.Command("mpg123", {
    args: ["--stdout", "--encoding", "f32", "--mono", "--no-gapless", "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const fed = new Blob([Uint8Array.from(mp3)]).stream().pipeTo(child.stdin);
  const { code, stdout, stderr } = await child.output();
  await fed;
  const lines = new TextDecoder().decode(stderr).split(/\r?\n|\r/);
  assert.equal(code, 0, lines.join("\n"));
  return {
    samples: new Float32Array(stdout.slice().buffer),
    complaints: lines.filter((line) => !OF_EVERY_STREAM.some((usual) => usual.test(line))),
  };
}
