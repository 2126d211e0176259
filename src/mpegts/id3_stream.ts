/**
 * ID3 tags as a stream of a program ("Timed Metadata for HTTP Live Streaming", Apple; the descriptors
 * are those of ISO/IEC 13818-1 2.6.58 and 2.6.60).
 */
import { type Id3Texts, readId3Texts } from "../audio/id3_texts.ts";
import { ByteBuffer } from "./byte_buffer.ts";
import {
  HAS_ADAPTATION_FIELD,
  HAS_PAYLOAD,
  PACKET_BYTES,
  PACKET_HEADER_BYTES,
  PAYLOAD_UNIT_START,
  SYNC_BYTE,
} from "./packet.ts";
import { MAX_PES_BYTES, parsePes, pesBytes, writePts } from "./pes.ts";
import type { ElementaryStream } from "./psi.ts";

/** stream_type of metadata in PES packets (ISO/IEC 13818-1 table 2-34). */
export const METADATA_STREAM_TYPE = 0x15;

const ID3_PID = 0x101;
/** metadata_application_format and metadata_format: what they are is in the identifiers. */
const IDENTIFIED = [0xff, 0xff, 0x49, 0x44, 0x33, 0x20, 0xff, 0x49, 0x44, 0x33, 0x20];
const SERVICE_ID = 0;

/** The metadata_pointer_descriptor of program 1: in which program the tags are, that same. */
export const ID3_POINTER: Uint8Array = Uint8Array.of(
  ...[0x25, IDENTIFIED.length + 4, ...IDENTIFIED, SERVICE_ID],
  ...[0x1f, 0, 1], // no locator record, carried in this program; program_number
);

/** The stream of tags, with its metadata_descriptor. */
export const ID3_STREAM: ElementaryStream = {
  streamType: METADATA_STREAM_TYPE,
  pid: ID3_PID,
  descriptors: Uint8Array.of(0x26, IDENTIFIED.length + 2, ...IDENTIFIED, SERVICE_ID, 0x0f),
};

/**
 * Appends a tag as a PES packet in whole packets.
 * @param counter continuity_counter of its first packet
 * @returns that of the next tag's first packet
 */
export function appendId3(
  out: ByteBuffer,
  tag: Uint8Array,
  pts90k: number,
  counter: number,
): number {
  const pes = pesOf(tag, pts90k);
  let next = counter;
  for (let at = 0; at < pes.length; at += PAYLOAD_BYTES) {
    const payload = pes.subarray(at, at + PAYLOAD_BYTES);
    const packet = new Uint8Array(PACKET_BYTES).fill(0xff);
    const start = at === 0 ? PAYLOAD_UNIT_START : 0;
    const stuffing = PAYLOAD_BYTES - payload.length;
    const control = HAS_PAYLOAD | (stuffing > 0 ? HAS_ADAPTATION_FIELD : 0) | next;
    packet.set([SYNC_BYTE, start | (ID3_PID >> 8), ID3_PID & 0xff, control]);
    if (stuffing > 0) packet[4] = stuffing - 1; // adaptation_field_length
    if (stuffing > 1) packet[5] = 0; // no flags
    packet.set(payload, PACKET_BYTES - payload.length);
    out.append(packet);
    next = (next + 1) & 0x0f;
  }
  return next;
}

/** Takes what tags tell out of the PES packets of one stream of metadata. */
export class Id3Pes {
  readonly #onTexts: (texts: Id3Texts, pts90k: number | undefined) => void;
  readonly #pes = new ByteBuffer();
  /** continuity_counter of the last packet; `undefined` while no PES packet is open. */
  #counter: number | undefined;

  /** @param onTexts `pts90k` has 33 bits; `undefined` where there is none */
  constructor(onTexts: (texts: Id3Texts, pts90k: number | undefined) => void) {
    this.#onTexts = onTexts;
  }

  /** Takes the payload of the stream's next packet. Of a PES packet that is not whole nothing counts. */
  push(payload: Uint8Array, unitStart: boolean, counter: number): void {
    if (counter === this.#counter) return; // a duplicate, 2.4.3.3
    if (unitStart) this.finish();
    else if (this.#counter === undefined || counter !== ((this.#counter + 1) & 0x0f)) {
      return this.#forget();
    }
    this.#counter = counter;
    this.#pes.append(payload);
    if (this.#pes.length > MAX_PES_BYTES) this.#forget();
    else if (this.#pes.length >= pesBytes(this.#pes.bytes)) this.finish();
  }

  /** Ends the open PES packet. */
  finish(): void {
    const bytes = this.#pes.view();
    const length = pesBytes(bytes);
    const isWhole = length === Infinity || bytes.length >= length;
    const pes = isWhole ? parsePes(bytes) : undefined;
    const texts = pes === undefined ? undefined : textsIn(pes.data);
    this.#forget();
    if (texts !== undefined) this.#onTexts(texts, pes?.pts90k);
  }

  #forget(): void {
    this.#pes.length = 0;
    this.#counter = undefined;
  }
}

/** A tag may stand behind the header of a metadata access unit cell, 2.12.4. */
function textsIn(data: Uint8Array): Id3Texts | undefined {
  return readId3Texts(data) ?? readId3Texts(data.subarray(CELL_HEADER_BYTES));
}

const CELL_HEADER_BYTES = 5;
const PAYLOAD_BYTES = PACKET_BYTES - PACKET_HEADER_BYTES;
/** PES header up to its PTS, and with it. */
const PES_HEADER_BYTES = 14;

function pesOf(tag: Uint8Array, pts90k: number): Uint8Array {
  const pes = new Uint8Array(PES_HEADER_BYTES + tag.length);
  const length = PES_HEADER_BYTES - 6 + tag.length;
  // packet_start_code_prefix, private_stream_1, PES_packet_length, data_alignment_indicator, a PTS
  pes.set([0, 0, 1, 0xbd, length >> 8, length & 0xff, 0x84, 0x80, 5]);
  writePts(pes, 9, pts90k);
  pes.set(tag, PES_HEADER_BYTES);
  return pes;
}
