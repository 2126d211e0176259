/** Program specific information, ISO/IEC 13818-1 2.4.4: the PAT and PMTs, read and written. */
import { crc32 } from "./crc32.ts";

/** One program of a program association table. */
export interface Program {
  readonly programNumber: number;
  readonly pmtPid: number;
}

/** A program map table: what a program is made of. */
export interface ProgramMap {
  readonly programNumber: number;
  readonly pcrPid: number;
  /** Descriptors of the program, one behind the other; none by default. Not read. */
  readonly descriptors?: Uint8Array;
  readonly streams: readonly ElementaryStream[];
}

/** One elementary stream of a program map table. */
export interface ElementaryStream {
  /** stream_type, table 2-34. */
  readonly streamType: number;
  readonly pid: number;
  /** Its descriptors, one behind the other as in the table. */
  readonly descriptors: Uint8Array;
}

/** The most bytes that a PAT or PMT section may have. */
export const MAX_SECTION_BYTES = 1024;

/** Bytes of a section up to section_length, and with it. */
export const SECTION_HEADER_BYTES = 3;

/** Makes a program association section. */
export function writeProgramAssociation(programs: readonly Program[]): Uint8Array {
  const body = programs.flatMap(({ programNumber, pmtPid }) => [
    ...u16(programNumber),
    ...u16(RESERVED_BEFORE_PID | pmtPid),
  ]);
  return section(TABLE_PAT, TRANSPORT_STREAM_ID, body);
}

/** Makes a program map section. */
export function writeProgramMap(map: ProgramMap): Uint8Array {
  const streams = map.streams.flatMap(({ streamType, pid, descriptors }) => [
    streamType,
    ...u16(RESERVED_BEFORE_PID | pid),
    ...u16(RESERVED_BEFORE_LENGTH | descriptors.length),
    ...descriptors,
  ]);
  const descriptors = map.descriptors ?? new Uint8Array();
  const body = [
    ...u16(RESERVED_BEFORE_PID | map.pcrPid),
    ...u16(RESERVED_BEFORE_LENGTH | descriptors.length),
    ...descriptors,
    ...streams,
  ];
  return section(TABLE_PMT, map.programNumber, body);
}

/** Reads a whole section; `undefined` where it is no current PAT, or damaged. */
export function parseProgramAssociation(bytes: Uint8Array): Program[] | undefined {
  const body = sectionBody(TABLE_PAT, bytes);
  if (body === undefined) return undefined;
  const programs: Program[] = [];
  for (let at = 0; at + 4 <= body.length; at += 4) {
    const programNumber = readU16(body, at);
    const pmtPid = readU16(body, at + 2) & PID_MASK;
    if (programNumber !== 0) programs.push({ programNumber, pmtPid }); // 0 is the network's PID
  }
  return programs;
}

/** Reads a whole section; `undefined` where it is no current PMT, or damaged. */
export function parseProgramMap(bytes: Uint8Array): ProgramMap | undefined {
  const body = sectionBody(TABLE_PMT, bytes);
  if (body === undefined) return undefined;
  const streams: ElementaryStream[] = [];
  let at = 4 + (readU16(body, 2) & LENGTH_MASK);
  while (at + 5 <= body.length) {
    const end = at + 5 + (readU16(body, at + 3) & LENGTH_MASK);
    streams.push({
      streamType: body[at] ?? 0,
      pid: readU16(body, at + 1) & PID_MASK,
      descriptors: body.slice(at + 5, end),
    });
    at = end;
  }
  return { programNumber: readU16(bytes, 3), pcrPid: readU16(body, 0) & PID_MASK, streams };
}

/** How long the section is that begins with `bytes`, which have to be 3 at least; in bytes. */
export function sectionBytes(bytes: Uint8Array): number {
  return SECTION_HEADER_BYTES + (readU16(bytes, 1) & LENGTH_MASK);
}

const TABLE_PAT = 0;
const TABLE_PMT = 2;
const TRANSPORT_STREAM_ID = 1;
/** Bytes of a section up to last_section_number, and with it. */
const LONG_HEADER_BYTES = 8;
const CRC_BYTES = 4;

const PID_MASK = 0x1fff;
const LENGTH_MASK = 0xfff;
const RESERVED_BEFORE_PID = 0xe000;
const RESERVED_BEFORE_LENGTH = 0xf000;
const SECTION_SYNTAX = 0xb000; // section_syntax_indicator and reserved bits
const CURRENT = 0x01; // current_next_indicator

function section(tableId: number, tableIdExtension: number, body: readonly number[]): Uint8Array {
  const length = LONG_HEADER_BYTES - SECTION_HEADER_BYTES + body.length + CRC_BYTES;
  const bytes = [
    tableId,
    ...u16(SECTION_SYNTAX | length),
    ...u16(tableIdExtension),
    0xc0 | CURRENT, // reserved, version_number 0
    0, // section_number
    0, // last_section_number
    ...body,
  ];
  const crc = crc32(Uint8Array.from(bytes));
  return Uint8Array.from([...bytes, ...u16(crc >>> 16), ...u16(crc & 0xffff)]);
}

/** What is between a section's header and its CRC; `undefined` where one of these is wrong. */
function sectionBody(tableId: number, bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length < LONG_HEADER_BYTES + CRC_BYTES || bytes[0] !== tableId) return undefined;
  if (((bytes[5] ?? 0) & CURRENT) === 0 || crc32(bytes) !== 0) return undefined;
  return bytes.subarray(LONG_HEADER_BYTES, bytes.length - CRC_BYTES);
}

function u16(value: number): [number, number] {
  return [value >> 8, value & 0xff];
}

function readU16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
