/** Writes MPEG transport streams with one audio stream, ISO/IEC 13818-1. */
import type { AudioConfig } from "../audio/audio_config.ts";
import type { TsFraming } from "../audio/codec.ts";
import { codecOf } from "../audio/codec_of.ts";
import { ByteBuffer } from "./byte_buffer.ts";
import { countersBehind } from "./continuity_counters.ts";
import { appendId3, ID3_POINTER, ID3_STREAM } from "./id3_stream.ts";
import {
  CLOCK_RATE,
  HAS_ADAPTATION_FIELD,
  HAS_PAYLOAD,
  HAS_PCR,
  PACKET_BYTES,
  PACKET_HEADER_BYTES,
  PAT_PID,
  PAYLOAD_UNIT_START,
  RANDOM_ACCESS,
  SYNC_BYTE,
} from "./packet.ts";
import { wrapClock, writePts } from "./pes.ts";
import { writeProgramAssociation, writeProgramMap } from "./psi.ts";

/**
 * Writes segments of a transport stream. Each is decodable by itself; continuity counters go on
 * from one to the next. A PES packet costs the stuffing at its end: it holds several access units,
 * and ends where little stuffing is needed.
 *
 * ```ts
 * const muxer = new AudioMuxer(config);
 * muxer.begin(out);
 * muxer.write(accessUnit, pts90k);
 * muxer.end();
 * ```
 */
export class AudioMuxer {
  readonly #pat = psiPacket(PAT_PID, writeProgramAssociation([PROGRAM]));
  #pmt: Uint8Array;
  readonly #withId3: boolean;
  #psiCounter = 0;
  #audioCounter = 0;
  #id3Counter = 0;

  #format: Format;

  #out: ByteBuffer | undefined;
  /** Where the open packet ends in {@link #out}. */
  #packetEnd = 0;
  /** Where the open PES packet's first packet begins; -1 while none is open. */
  #pesStart = -1;
  /** Bytes of access units in the open PES packet, their headers included. */
  #pesBytes = 0;
  #pesPts90k = 0;

  /** @param withId3 whether there is a stream of ID3 tags beside the audio */
  constructor(config: AudioConfig, withId3 = false) {
    this.#withId3 = withId3;
    this.#format = formatOf(config);
    this.#pmt = programMapPacket(this.#format, withId3);
  }

  /** The configuration of the access units that follow. */
  configure(config: AudioConfig): void {
    this.#endPes();
    this.#format = formatOf(config);
    this.#pmt = programMapPacket(this.#format, this.#withId3);
  }

  /** Goes on behind `last`, a segment that another muxer wrote. To be called before the first. */
  resume(last: Uint8Array): void {
    const counters = countersBehind(last);
    this.#psiCounter = counters.get(PAT_PID) ?? 0;
    this.#audioCounter = counters.get(AUDIO_PID) ?? 0;
    this.#id3Counter = counters.get(ID3_STREAM.pid) ?? 0;
  }

  /** Begins a segment behind what is in `out`, which nobody else may write to until {@link end}. */
  begin(out: ByteBuffer): void {
    this.#out = out;
    for (const packet of [this.#pat, this.#pmt]) {
      packet[3] = HAS_PAYLOAD | this.#psiCounter;
      out.append(packet);
    }
    this.#psiCounter = (this.#psiCounter + 1) & COUNTER_MASK;
  }

  /**
   * Writes one raw access unit.
   * @param pts90k its presentation time on a 90 kHz clock, not wrapped
   * @returns whether it was written; false where it is too large for its codec's framing
   */
  write(data: Uint8Array, pts90k: number): boolean {
    const out = this.#open();
    const { framing, maxAccessUnitBytes } = this.#format;
    if (data.length > maxAccessUnitBytes) return false;
    const frameBytes = framing.headerBytes + data.length;

    if (this.#pesStart >= 0 && this.#shouldEndPes(frameBytes, pts90k)) this.#endPes();
    out.reserve(PACKET_BYTES * (2 + Math.ceil(frameBytes / PACKET_PAYLOAD_BYTES)));
    if (this.#pesStart < 0) this.#beginPes(out, pts90k);

    // The frame is written in one piece, and spread over packets afterwards.
    const at = out.length;
    framing.writeHeader(out.bytes, at, data.length);
    out.bytes.set(data, at + framing.headerBytes);
    out.length = at + frameBytes;
    this.#pesBytes += frameBytes;
    while (out.length > this.#packetEnd) this.#insertPacketHeader(out);
    return true;
  }

  /** Writes an ID3 tag, which counts from the next access unit on, at `pts90k`. */
  writeId3(tag: Uint8Array, pts90k: number): void {
    this.#endPes();
    this.#id3Counter = appendId3(this.#open(), tag, pts90k, this.#id3Counter);
  }

  /** Ends the segment. */
  end(): void {
    this.#endPes();
    this.#out = undefined;
  }

  /** A copy of what {@link begin} got, as it would be if the segment ended now. */
  snapshot(): Uint8Array<ArrayBuffer> {
    const copy = new ByteBuffer(this.#packetEnd);
    copy.append(this.#open().view());
    if (this.#pesStart >= 0) this.#finishPes(copy);
    return copy.view();
  }

  #open(): ByteBuffer {
    if (this.#out === undefined) throw new Error("Cannot write an access unit: no segment is open");
    return this.#out;
  }

  /**
   * Whether the open PES packet is to end before the frame at `pts90k`: because it must, or because
   * none of the frames that still fit is likely to leave less to stuff.
   */
  #shouldEndPes(frameBytes: number, pts90k: number): boolean {
    const age = pts90k - this.#pesPts90k;
    const framesLeft = Math.floor((MAX_PTS_INTERVAL_90K - age) / this.#format.frameDuration90k);
    if (framesLeft < 1 || age < 0) return true;
    if (PES_HEADER_BYTES_AFTER_LENGTH + this.#pesBytes + frameBytes > MAX_PES_LENGTH) return true;
    if (age < MIN_PTS_INTERVAL_90K) return false;
    const stuffing = this.#packetEnd - this.#open().length;
    return stuffing <= PACKET_BYTES / (framesLeft + 1);
  }

  /** Begins a PES packet, up to its first access unit. PCR and PTS: 2.4.3.5, 2.4.3.7. */
  #beginPes(out: ByteBuffer, pts90k: number): void {
    const { bytes, length: at } = out;
    this.#pesStart = at;
    this.#pesBytes = 0;
    this.#pesPts90k = pts90k;
    this.#packetEnd = at + PACKET_BYTES;

    this.#writePacketHeader(bytes, at, PAYLOAD_UNIT_START, HAS_ADAPTATION_FIELD | HAS_PAYLOAD);
    bytes[at + 4] = 7; // adaptation_field_length
    bytes[at + 5] = HAS_PCR | RANDOM_ACCESS;
    const pcr = wrapClock(pts90k - PCR_DELAY_90K);
    writeU32(bytes, at + 6, Math.floor(pcr / 2));
    bytes[at + 10] = ((pcr & 1) << 7) | 0x7e; // reserved; program_clock_reference_extension 0
    bytes[at + 11] = 0;

    writeU32(bytes, at + 12, 0x000001c0); // packet_start_code_prefix, stream_id of the first audio
    bytes[at + 16] = 0; // PES_packet_length, set at the end
    bytes[at + 17] = 0;
    bytes[at + 18] = 0x84; // data_alignment_indicator
    bytes[at + 19] = 0x80; // a PTS, no DTS
    bytes[at + 20] = 5; // PES_header_data_length
    writePts(bytes, at + 21, pts90k);
    out.length = at + PES_START_BYTES;
  }

  /**
   * Moves what is behind the open packet to make room for the header of the next, and writes that.
   */
  #insertPacketHeader(out: ByteBuffer): void {
    const at = this.#packetEnd;
    out.bytes.copyWithin(at + PACKET_HEADER_BYTES, at, out.length);
    this.#writePacketHeader(out.bytes, at, 0, HAS_PAYLOAD);
    out.length += PACKET_HEADER_BYTES;
    this.#packetEnd = at + PACKET_BYTES;
  }

  #writePacketHeader(bytes: Uint8Array, at: number, flags: number, control: number): void {
    bytes[at] = SYNC_BYTE;
    bytes[at + 1] = flags | (AUDIO_PID >> 8);
    bytes[at + 2] = AUDIO_PID & 0xff;
    bytes[at + 3] = control | this.#audioCounter;
    this.#audioCounter = (this.#audioCounter + 1) & COUNTER_MASK;
  }

  #endPes(): void {
    if (this.#pesStart < 0) return;
    this.#finishPes(this.#open());
    this.#pesStart = -1;
  }

  /**
   * Sets the length of the open PES packet, and fills up its last packet by an adaptation field.
   * @param out {@link #out}, or a copy of it
   */
  #finishPes(out: ByteBuffer): void {
    const pesLength = PES_HEADER_BYTES_AFTER_LENGTH + this.#pesBytes;
    out.bytes[this.#pesStart + 16] = pesLength >> 8;
    out.bytes[this.#pesStart + 17] = pesLength;

    const packet = this.#packetEnd - PACKET_BYTES;
    if (packet === this.#pesStart) extendAdaptationField(out, packet, this.#packetEnd);
    else insertAdaptationField(out, packet, this.#packetEnd);
    out.length = this.#packetEnd;
  }
}

/** What the muxer has to know of a configuration. */
interface Format {
  readonly framing: TsFraming;
  readonly maxAccessUnitBytes: number;
  readonly frameDuration90k: number;
}

function formatOf(config: AudioConfig): Format {
  const codec = codecOf(config);
  return {
    framing: codec.tsFraming(config),
    maxAccessUnitBytes: codec.maxAccessUnitBytes(config),
    frameDuration90k: config.samplesPerFrame * CLOCK_RATE / config.sampleRate,
  };
}

const AUDIO_PID = 0x100;
const PROGRAM = { programNumber: 1, pmtPid: 0x1000 };

const COUNTER_MASK = 0x0f;
const PACKET_PAYLOAD_BYTES = PACKET_BYTES - PACKET_HEADER_BYTES;

/** Packet header, adaptation field with PCR and PES header with PTS. */
const PES_START_BYTES = 4 + 8 + 14;
const PES_HEADER_BYTES_AFTER_LENGTH = 8;
const MAX_PES_LENGTH = 0xffff;

/** 2.7.4 asks for a PTS at least every 0.7 s. */
const MAX_PTS_INTERVAL_90K = 63_000;
/** PES packets that are shorter cost more by their headers than they save in stuffing. */
const MIN_PTS_INTERVAL_90K = 36_000;

/** How long before its presentation an access unit gets into the decoder's buffer. */
const PCR_DELAY_90K = 9_000;

function programMapPacket({ framing: { streamType } }: Format, withId3: boolean): Uint8Array {
  const audio = { streamType, pid: AUDIO_PID, descriptors: new Uint8Array() };
  const { programNumber } = PROGRAM;
  const map = { programNumber, pcrPid: AUDIO_PID, streams: [audio] };
  const withTags = { ...map, descriptors: ID3_POINTER, streams: [audio, ID3_STREAM] };
  return psiPacket(PROGRAM.pmtPid, writeProgramMap(withId3 ? withTags : map));
}

/** A packet that holds a whole section. */
function psiPacket(pid: number, section: Uint8Array): Uint8Array {
  const packet = new Uint8Array(PACKET_BYTES).fill(0xff);
  packet.set([SYNC_BYTE, PAYLOAD_UNIT_START | (pid >> 8), pid & 0xff, HAS_PAYLOAD, 0]);
  packet.set(section, PACKET_HEADER_BYTES + 1); // behind pointer_field
  return packet;
}

/** Moves the payload from behind the PCR to the packet's end, and fills the space with stuffing. */
function extendAdaptationField(out: ByteBuffer, packet: number, packetEnd: number): void {
  const stuffing = packetEnd - out.length;
  const payload = packet + PACKET_HEADER_BYTES + 8;
  out.bytes.copyWithin(payload + stuffing, payload, out.length);
  out.bytes.fill(0xff, payload, payload + stuffing);
  out.bytes[packet + 4] = 7 + stuffing;
}

/**
 * Moves the payload to the packet's end, and fills the space before it with an adaptation field.
 */
function insertAdaptationField(out: ByteBuffer, packet: number, packetEnd: number): void {
  const stuffing = packetEnd - out.length;
  if (stuffing === 0) return;
  const payload = packet + PACKET_HEADER_BYTES;
  out.bytes.copyWithin(payload + stuffing, payload, out.length);
  out.bytes.fill(0xff, payload, payload + stuffing);
  out.bytes[packet + 3] = (out.bytes[packet + 3] ?? 0) | HAS_ADAPTATION_FIELD;
  out.bytes[payload] = stuffing - 1; // adaptation_field_length
  if (stuffing > 1) out.bytes[payload + 1] = 0; // no flags
}

function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
