/**
 * MPEG-TS segments as a player reads them (ISO/IEC 13818-1), independent of the server's own code.
 */
import { type AdtsFrame, parseAdts } from "./adts.ts";
import { id3Texts } from "./id3_tag.ts";
import { type MpegAudioFrame, parseMpegAudio } from "./mpeg_audio.ts";

/** A frame of any codec. */
export type AudioFrame = AdtsFrame | MpegAudioFrame;

/** A title that a segment tells, as ID3. */
export interface TsTitle {
  /** When it is heard, in seconds since the segment's first frame. */
  readonly seconds: number;
  /** Title and artist. */
  readonly texts: readonly string[];
}

/**
 * What is in a segment: one stream of AAC or MP3, and perhaps one of ID3 tags, described by tables at
 * its start.
 */
export interface AudioSegment {
  readonly frames: readonly AudioFrame[];
  readonly sampleRate: number;
  /** What may not change without a discontinuity. */
  readonly configuration: string;
  /** 33 bits. */
  readonly firstPts90k: number;
  readonly titles: readonly TsTitle[];
  /** Continuity counters by PID: of the first and of the last packet. */
  readonly counters: ReadonlyMap<number, { readonly first: number; readonly last: number }>;
}

/** Bytes are not a segment that players take. */
export class TransportStreamError extends Error {
  override readonly name = "TransportStreamError";
}

const PACKET_BYTES = 188;
const PAT_PID = 0;
/** By stream_type (ISO/IEC 13818-1 table 2-34). */
const PARSERS: Readonly<Record<number, (bytes: Uint8Array) => AudioFrame[]>> = {
  0x03: parseMpegAudio,
  0x04: parseMpegAudio,
  0x0f: parseAdts,
};
/** stream_type of metadata in PES packets, table 2-34. */
const ID3_STREAM_TYPE = 0x15;
const ID3_IDENTIFIER = [0x49, 0x44, 0x33, 0x20];
/** stream_id, table 2-22. */
const AUDIO_STREAM_IDS = [0xc0, 0xdf] as const;
const PRIVATE_STREAM_1 = 0xbd;
const PTS_RATE = 90_000;
const PTS_WRAP = 2 ** 33;
/** ISO/IEC 13818-1 2.7.4. */
const MAX_PTS_INTERVAL_90K = 0.7 * PTS_RATE;

/**
 * Reads a segment that has to be playable by itself.
 * @throws {TransportStreamError}, {AdtsError}, {MpegAudioError}
 */
export function parseAudioSegment(bytes: Uint8Array): AudioSegment {
  check(bytes.length > 0, "an empty segment");
  check(bytes.length % PACKET_BYTES === 0, `${bytes.length} bytes, no whole number of packets`);
  const payloads = new Map<number, Payload[]>();
  const counters = new Map<number, { first: number; last: number }>();
  for (let at = 0; at < bytes.length; at += PACKET_BYTES) {
    const packet = parsePacket(bytes.subarray(at, at + PACKET_BYTES));
    count(counters, packet);
    if (at === 0) check(packet.pid === PAT_PID, "a segment that does not begin with a PAT");
    const ofPid = payloads.get(packet.pid) ?? [];
    payloads.set(packet.pid, ofPid);
    const open = ofPid.at(-1);
    if (packet.unitStart) ofPid.push({ parts: [packet.payload] });
    else if (open === undefined) throw wrong("a payload that begins in the segment before");
    else open.parts.push(packet.payload);
  }
  const { pid, parse, tagsPid } = findStreams(payloads);
  const packets = (payloads.get(pid) ?? []).map((unit) => {
    const { pts90k, data } = parsePes(join(unit), AUDIO_STREAM_IDS);
    return { pts90k, frames: parse(data) };
  });
  const audio = checkAudio(packets);
  const titles = (payloads.get(tagsPid ?? NaN) ?? []).map((unit) => {
    const { pts90k, data } = parsePes(join(unit), [PRIVATE_STREAM_1, PRIVATE_STREAM_1]);
    const seconds = ptsDifference(pts90k, audio.firstPts90k) / PTS_RATE;
    return { seconds, texts: id3Texts(data) };
  });
  return { ...audio, titles, counters };
}

/** Ticks from one 33-bit time to another, by the shorter way. */
export function ptsDifference(to: number, from: number): number {
  const ticks = ((to - from) % PTS_WRAP + PTS_WRAP) % PTS_WRAP;
  return ticks >= PTS_WRAP / 2 ? ticks - PTS_WRAP : ticks;
}

/** Playing time of frames of one rate in ticks of 90 kHz, not rounded. */
export function playingTime90k(frames: readonly AudioFrame[]): number {
  const samples = frames.reduce((sum, { samples }) => sum + samples, 0);
  return samples * PTS_RATE / (frames[0]?.sampleRate ?? 1);
}

interface Packet {
  readonly pid: number;
  readonly unitStart: boolean;
  readonly counter: number;
  readonly payload: Uint8Array;
}

/** A section or a PES packet, in pieces. */
interface Payload {
  readonly parts: Uint8Array[];
}

/** A stream as a PMT has it. */
interface StreamEntry {
  readonly type: number;
  readonly pid: number;
  readonly descriptors: Uint8Array;
}

interface PesPacket {
  readonly pts90k: number;
  readonly frames: readonly AudioFrame[];
}

function parsePacket(bytes: Uint8Array): Packet {
  const [sync = 0, b1 = 0, b2 = 0, b3 = 0, adaptationLength = 0] = bytes;
  check(sync === 0x47, "a packet without its sync byte");
  check((b1 & 0x80) === 0, "a packet with transport_error_indicator");
  check((b3 & 0xc0) === 0, "a scrambled packet");
  const control = b3 >> 4 & 3;
  check((control & 1) === 1, "a packet without payload");
  const start = control === 3 ? 5 + adaptationLength : 4;
  check(start < PACKET_BYTES, "an adaptation field that fills its packet");
  return {
    pid: (b1 & 0x1f) << 8 | b2,
    unitStart: (b1 & 0x40) !== 0,
    counter: b3 & 15,
    payload: bytes.subarray(start),
  };
}

function count(counters: Map<number, { first: number; last: number }>, packet: Packet): void {
  const { pid, counter } = packet;
  const seen = counters.get(pid);
  if (seen === undefined) counters.set(pid, { first: counter, last: counter });
  else {
    check(counter === (seen.last + 1 & 15), `continuity counter ${counter} after ${seen.last}`);
    seen.last = counter;
  }
}

/** The PIDs of the one program's streams, and what reads the codec of the audio. */
function findStreams(payloads: ReadonlyMap<number, readonly Payload[]>): {
  readonly pid: number;
  readonly parse: (bytes: Uint8Array) => AudioFrame[];
  /** `undefined` where there is no stream of tags. */
  readonly tagsPid: number | undefined;
} {
  const program = parseSection(payloads.get(PAT_PID)?.[0], 0x00, "PAT");
  check(program.length === 4, "a PAT with another number of programs than one");
  const pmtPid = pidAt(program, 2);
  const map = parseSection(payloads.get(pmtPid)?.[0], 0x02, "PMT");
  const [audio, tags, ...others] = parseStreams(map.subarray(4 + lengthAt(map, 2)));
  const parse = PARSERS[audio?.type ?? 0];
  if (audio === undefined || parse === undefined) {
    throw wrong("a PMT without a stream of AAC or MP3");
  }
  const isKnown = tags === undefined || tags.type === ID3_STREAM_TYPE && isId3(tags.descriptors);
  check(isKnown && others.length === 0, "a PMT with more than a stream of audio and one of ID3");
  const known = [PAT_PID, pmtPid, audio.pid, tags?.pid];
  const unknown = [...payloads.keys()].filter((pid) => !known.includes(pid));
  check(unknown.length === 0, `packets of PID ${unknown}, which no table names`);
  return { pid: audio.pid, parse, tagsPid: tags?.pid };
}

function parseStreams(bytes: Uint8Array): StreamEntry[] {
  const streams: StreamEntry[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 5 + lengthAt(bytes, at + 3);
    check(end <= bytes.length, "a PMT that ends within a stream");
    const descriptors = bytes.subarray(at + 5, end);
    streams.push({ type: bytes[at] ?? 0, pid: pidAt(bytes, at + 1), descriptors });
    at = end;
  }
  return streams;
}

/** Whether a metadata_descriptor says so (2.6.60): the format is told by an identifier. */
function isId3(descriptors: Uint8Array): boolean {
  const format = [0xff, 0xff, ...ID3_IDENTIFIER, 0xff, ...ID3_IDENTIFIER];
  return descriptors[0] === 0x26 && format.every((byte, i) => descriptors[2 + i] === byte);
}

/** What a section holds between its header and its checksum. */
function parseSection(unit: Payload | undefined, tableId: number, name: string): Uint8Array {
  if (unit === undefined) throw wrong(`no ${name}`);
  const payload = join(unit);
  const section = payload.subarray(1 + (payload[0] ?? 0));
  const length = 3 + ((section[1] ?? 0) & 15) * 256 + (section[2] ?? 0);
  check(section[0] === tableId && length >= 12 && length <= section.length, `a malformed ${name}`);
  check(crc32(section.subarray(0, length)) === 0, `a ${name} with a wrong checksum`);
  return section.subarray(8, length - 4);
}

/** @param streamIds the first and the last that it may have */
function parsePes(
  bytes: Uint8Array,
  [firstId, lastId]: readonly [number, number],
): { readonly pts90k: number; readonly data: Uint8Array } {
  const [b0, b1, b2, streamId = 0, lengthHigh = 0, lengthLow = 0, , flags = 0, headerLength = 0] =
    bytes;
  check(b0 === 0 && b1 === 0 && b2 === 1, "a PES packet without its start code");
  check(streamId >= firstId && streamId <= lastId, `a PES packet of stream id ${streamId}`);
  check(lengthHigh * 256 + lengthLow === bytes.length - 6, "a PES packet of another length");
  check((flags & 0xc0) === 0x80, "a PES packet without a PTS");
  const [p0 = 0, p1 = 0, p2 = 0, p3 = 0, p4 = 0] = bytes.subarray(9);
  return {
    pts90k: (p0 >> 1 & 7) * 2 ** 30 + (p1 << 22 | p2 >> 1 << 15 | p3 << 7 | p4 >> 1),
    data: bytes.subarray(9 + headerLength),
  };
}

function checkAudio(
  packets: readonly PesPacket[],
): Omit<AudioSegment, "counters" | "titles"> {
  const frames = packets.flatMap((packet) => packet.frames);
  const [first] = frames;
  const firstPts90k = packets[0]?.pts90k;
  if (first === undefined || firstPts90k === undefined) throw wrong("no audio");
  const { sampleRate, configuration } = first;
  let place = 0;
  let before = 0;
  for (const { pts90k, frames: ofPacket } of packets) {
    const time = ptsDifference(pts90k, firstPts90k);
    const due = playingTime90k(frames.slice(0, place));
    check(Math.abs(time - due) <= 1, `PTS ${time} for frame ${place}, which is at ${due}`);
    check(time - before <= MAX_PTS_INTERVAL_90K, `no PTS for ${(time - before) / PTS_RATE} s`);
    check(ofPacket.length > 0, "a PES packet without audio");
    place += ofPacket.length;
    before = time;
  }
  const other = frames.find((frame) => frame.configuration !== configuration);
  check(other === undefined, `${configuration} and ${other?.configuration} in one segment`);
  return { frames, sampleRate, configuration, firstPts90k };
}

function pidAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) & 0x1f) << 8 | (bytes[at + 1] ?? 0);
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) & 15) << 8 | (bytes[at + 1] ?? 0);
}

function join({ parts }: Payload): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** ISO/IEC 13818-1 annex A; 0 over a section with its own checksum. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte << 24;
    for (let i = 0; i < 8; i++) crc = crc < 0 ? crc << 1 ^ 0x04c11db7 : crc << 1;
  }
  return crc >>> 0;
}

function check(condition: boolean, got: string): asserts condition {
  if (!condition) throw wrong(got);
}

function wrong(got: string): TransportStreamError {
  return new TransportStreamError(`Cannot parse the segment: got ${got}`);
}
