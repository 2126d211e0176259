/** What the encoders of a replay send: access units out of files, and MPEG-TS that FFmpeg makes. */
import { fileURLToPath } from "node:url";
import { run } from "../audio/ffmpeg.ts";
import { parseAdts } from "../hls_validator/adts.ts";

const ROOT = new URL("../../", import.meta.url);
const TS_PACKET = 188;
const SYNC_BYTE = 0x47;
/** The length of an ADTS header without a checksum. */
const ADTS_HEADER = 7;

/** An audio file as an encoder has it. */
export interface Source {
  /** Raw access units. */
  readonly units: readonly Uint8Array[];
  /** The same with their ADTS headers. */
  readonly adts: readonly Uint8Array[];
  /** The AudioSpecificConfig (ISO/IEC 14496-3 1.6.2.1) that the headers stand for. */
  readonly asc: Uint8Array;
  /** How long a frame is, in milliseconds. */
  readonly frameMs: number;
}

const RATES = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000];

/** Reads an ADTS file, named as below the project's folder. */
export async function readSource(file: string): Promise<Source> {
  const bytes = await Deno.readFile(new URL(file, ROOT));
  const adts = parseAdts(bytes).map(({ data }) => {
    const start = data.byteOffset - bytes.byteOffset - ADTS_HEADER;
    return bytes.subarray(start, start + ADTS_HEADER + data.length);
  });
  const [, , third = 0, fourth = 0] = bytes;
  const objectType = (third >> 6) + 1;
  const rateIndex = third >> 2 & 15;
  const channels = (third & 1) << 2 | fourth >> 6;
  return {
    units: adts.map((frame) => frame.subarray(ADTS_HEADER)),
    adts,
    asc: Uint8Array.of(objectType << 3 | rateIndex >> 1, (rateIndex & 1) << 7 | channels << 3),
    frameMs: 1024 * 1000 / (RATES[rateIndex] ?? NaN),
  };
}

/** Packets from one start of a PES packet with audio to the next, and the frames in them. */
export interface TransportUnit {
  readonly packets: readonly Uint8Array[];
  readonly frames: number;
}

/** An ADTS file as MPEG-TS, made by FFmpeg. */
export async function transportUnits(file: string): Promise<TransportUnit[]> {
  const path = fileURLToPath(new URL(file, ROOT));
  const muxing = ["-c", "copy", "-pes_payload_size", "0", "-f", "mpegts", "-"];
  const stdout = await run("ffmpeg", ["-nostdin", "-i", path, ...muxing], undefined, "error");
  const units: { packets: Uint8Array[]; frames: number }[] = [];
  for (let at = 0; at < stdout.length; at += TS_PACKET) {
    const packet = stdout.subarray(at, at + TS_PACKET);
    if (packet[0] !== SYNC_BYTE) throw new Error(`Cannot read ${file} as MPEG-TS: no sync byte`);
    const frames = framesOfStart(packet);
    if (frames > 0 || units.length === 0) units.push({ packets: [packet], frames });
    else units.at(-1)?.packets.push(packet);
  }
  return units;
}

/** With one frame a PES packet: whether one begins in this packet (ISO/IEC 13818-1 2.4.3.2). */
function framesOfStart(packet: Uint8Array): number {
  const [, second = 0, , fourth = 0] = packet;
  if ((second & 0x40) === 0) return 0;
  const at = 4 + ((fourth & 0x20) !== 0 ? 1 + (packet[4] ?? 0) : 0);
  const isAudio = packet[at] === 0 && packet[at + 1] === 0 && packet[at + 2] === 1 &&
    ((packet[at + 3] ?? 0) & 0xe0) === 0xc0;
  return isAudio ? 1 : 0;
}
