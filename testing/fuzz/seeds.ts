/** Seeds that several targets use: recorded bytes, encoders' audio, and what Echo itself writes. */
import { codecOf } from "../../src/audio/codec_of.ts";
import { writeId3Texts } from "../../src/audio/id3_texts.ts";
import { ByteBuffer } from "../../src/mpegts/byte_buffer.ts";
import { AudioMuxer } from "../../src/mpegts/muxer.ts";
import { fileURLToPath } from "node:url";
import type { AacConfig } from "../../src/audio/aac/aac_config.ts";
import { finishRecording } from "../../src/mp4/finish.ts";
import { loas } from "../audio/aac/loas.ts";
import { accessUnits, audioConfig } from "../audio/access_units.ts";
import { concat } from "../bytes.ts";
import { everyMp3Config, mp3Config } from "../audio/mp3_streams.ts";
import { MemoryFile } from "../mp4/memory_file.ts";
import { fragments, header } from "../mp4/recordings.ts";
import { segments } from "../mpegts/segments.ts";

/** What three FFmpegs sent by RTMP, cut so that mutations reach the messages. */
export function recordedSessions(): Uint8Array[] {
  return ["live", "name_and_key", "video"]
    .map((form) => media(`rtmp_ffmpeg_${form}.bin`).slice(0, 12_000));
}

/** The beginnings of ADTS streams: HE-AAC of encoders, and LC. */
export function adtsStreams(): Uint8Array[] {
  const lc = read("../../scripts/echo-client/clip.aac");
  return [
    ...["he-aac-v1_48000_mono_32k.aac", "he-aac-v2_44100_stereo_32k.aac"].map(media),
    lc,
  ].map((bytes) => bytes.slice(0, 3000));
}

/** The beginnings of MP3 streams of every version: silence, and audio of an encoder. */
export function mp3Streams(): Uint8Array[] {
  const silent = [mp3Config(), ...everyMp3Config().filter(({ channels }) => channels === 1)]
    .map((config) => concat(Array.from({ length: 4 }, () => codecOf(config).silentFrame(config))));
  return [...silent, media("mp3_44100_joint_v4.mp3").slice(0, 4000)];
}

/** Access units of an encoder. */
export function audio(): { config: AacConfig; frames: Uint8Array[] } {
  const { config, frames } = accessUnits(media("he-aac-v1_48000_mono_32k.aac"));
  return { config, frames: frames.slice(0, 40) };
}

/** An MPEG-TS segment of Echo's own, of a quarter of a second, and one of a second. */
export function transportStreams(): Uint8Array[] {
  const { config, frames } = audio();
  const plain = [segments(config, frames.slice(0, 8), 10), segments(config, frames, 10)].flat();
  return [...plain, taggedStream()];
}

/** One with an ID3 tag before each frame. */
function taggedStream(): Uint8Array {
  const { config, frames } = audio();
  const muxer = new AudioMuxer(config, true);
  const out = new ByteBuffer();
  muxer.begin(out);
  for (const [i, frame] of frames.slice(0, 4).entries()) {
    muxer.writeId3(writeId3Texts({ title: `Song ${i}`, artist: "x".repeat(100 * i) }), 9000 + i);
    muxer.write(frame, 9000 + i);
  }
  muxer.end();
  return out.view().slice();
}

/** Elements of LATM: one with its configuration, others that use it, one with another. */
export function loasStreams(): Uint8Array[] {
  const stereo = audioConfig();
  const mono = audioConfig({ channelConfiguration: 1, sampleRate: 22_050 });
  const payloads = [10, 300, 70].map((length) => new Uint8Array(length).fill(length));
  const parts = [
    loas({ config: stereo, payloads: payloads.slice(0, 1) }),
    loas({ payloads: payloads.slice(1) }),
    loas({ config: mono, payloads, version: 1, otherData: true }),
  ];
  return [concat(parts), ...parts];
}

/** Recordings as they stand in the archive: live, finished, and taken up again. */
export function recordings(): Uint8Array[] {
  const { config, frames } = audio();
  const few = frames.slice(0, 12).map((frame) => frame.slice(0, 30));
  const live = new MemoryFile(header(config), ...fragments(few, 4));
  const finished = new MemoryFile(live.bytes);
  finished.run(finishRecording(finished.length));
  const continued = new MemoryFile(finished.bytes, ...fragments(few, 6, few.length));
  return [live, finished, continued].map(({ bytes }) => bytes);
}

/** A file of `testing/media`. */
export function media(name: string): Uint8Array {
  return read(`../media/${name}`);
}

function read(path: string): Uint8Array {
  return Deno.readFileSync(fileURLToPath(new URL(path, import.meta.url)));
}
