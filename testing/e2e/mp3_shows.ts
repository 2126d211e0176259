/**
 * MP3 shows as stations send them: at each usual sample rate, mono and joint stereo, at a constant
 * and at a variable bitrate. Their sound tells the time, see `testing/players/stream_time.ts`.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type Mp3Encoding, mp3Frames } from "../audio/mp3_streams.ts";
import { sweep } from "../players/stream_time.ts";
import type { EchoServer } from "./echo_server.ts";
import type { Media } from "./ffmpeg_encoder.ts";
import { sharedUrl } from "./srt_senders.ts";

/** What is sent, and by which door. */
export interface Mp3Show extends Mp3Encoding {
  readonly rate: number;
  readonly by: "rtmp" | "srt";
}

/** A show's file: frames and nothing else. */
export interface EncodedShow {
  readonly name: string;
  readonly show: Mp3Show;
  /** Its path. */
  readonly file: string;
  readonly frames: readonly Uint8Array[];
}

const RATES = [44_100, 48_000, 32_000, 24_000, 22_050];
/** FFmpeg writes MP3 of the other rates into MPEG-TS alone. */
const RTMP_RATES: readonly number[] = [44_100, 48_000, 22_050];

/** Twenty shows, by their names, such as "44100-joint-vbr". */
export const MP3_SHOWS: ReadonlyMap<string, Mp3Show> = new Map(
  RATES.flatMap((rate) => [...modes(rate)]),
);

/** The shows of `names`. */
export function mp3Shows(...names: readonly string[]): Map<string, Mp3Show> {
  return new Map(names.map((name) => {
    const show = MP3_SHOWS.get(name);
    assert.ok(show !== undefined, name);
    return [name, show];
  }));
}

/** Encodes a show, and makes sure that it is what it is called. */
export async function encodeShow(
  media: Media,
  [name, show]: readonly [string, Mp3Show],
  seconds: number,
): Promise<EncodedShow> {
  const { rate, mode, bitrate } = show;
  const input = sweep({ rate, seconds, channels: mode === "mono" ? 1 : 2 });
  const file = await media.encodeMp3(name, input, show);
  const { frames, config } = mp3Frames(await Deno.readFile(file));
  assert.equal(config.sampleRate, rate);
  // ISO/IEC 11172-3 2.4.2.3: bitrate_index, mode, mode_extension.
  const fields = (byte: number, shift: number, mask: number) =>
    new Set(frames.map((frame) => (frame[byte] ?? 0) >> shift & mask));
  const bitrates = fields(2, 4, 15).size;
  assert.ok(/^v/.test(bitrate ?? "") ? bitrates > 5 : bitrates === 1, `${name}: bitrates`);
  assert.deepEqual([...fields(3, 6, 3)], [mode === "mono" ? 3 : 1], `${name}: mode`);
  assert.equal(fields(3, 5, 1).size, mode === "mono" ? 1 : 2, `${name}: ways to code stereo`);
  return { name, show, file, frames };
}

/** What an encoder publishes a show to. */
export function mp3ShowUrl(
  server: EchoServer,
  name: string,
  { by }: Pick<Mp3Show, "by">,
): string {
  return by === "rtmp" ? server.rtmpUrl(`live/${name}`) : sharedUrl(server, name);
}

function* modes(rate: number): Generator<[string, Mp3Show]> {
  // MPEG-2 halves the rates, and has frames of 576 samples.
  const kilobits = rate < 32_000 ? 32 : 64;
  const by = RTMP_RATES.includes(rate) ? "rtmp" : "srt";
  for (const mode of ["mono", "joint"] as const) {
    const constant = `${mode === "mono" ? kilobits : 2 * kilobits}k`;
    yield [`${rate}-${mode}-cbr`, { rate, mode, bitrate: constant, by }];
    yield [`${rate}-${mode}-vbr`, { rate, mode, bitrate: "v4", by: "srt" }];
  }
}
