/** What streams are called in messages to users. */
import type { ElementaryStream } from "./psi.ts";

/** What an elementary stream carries, as its users call it: "H.264", "Opus". */
export function streamName(stream: ElementaryStream): string {
  const byType = NAMES.get(stream.streamType);
  if (byType !== undefined) return byType;
  return privateName(stream.descriptors) ?? `stream type ${stream.streamType}`;
}

/** By stream_type: ISO/IEC 13818-1 table 2-34, and ATSC's and Blu-ray's from 0x80 on. */
const NAMES: ReadonlyMap<number, string> = new Map([
  [0x01, "MPEG-1 video"],
  [0x02, "MPEG-2 video"],
  [0x03, "MP2 or MP3"],
  [0x04, "MP2 or MP3"],
  [0x0f, "AAC"],
  [0x10, "MPEG-4 video"],
  [0x11, "AAC in LATM"],
  [0x15, "timed metadata"],
  [0x1b, "H.264"],
  [0x24, "HEVC"],
  [0x33, "VVC"],
  [0x81, "AC-3"],
  [0x82, "DTS"],
  [0x87, "E-AC-3"],
]);

/** By the tag of a descriptor, for streams of private data: ETSI EN 300 468 table 12. */
const DESCRIPTOR_NAMES: ReadonlyMap<number, string> = new Map([
  [0x59, "subtitles"],
  [0x6a, "AC-3"],
  [0x7a, "E-AC-3"],
  [0x7b, "DTS"],
  [0x7c, "AAC"],
]);

/** By format_identifier, ISO/IEC 13818-1 2.6.8. */
const REGISTRATION_NAMES: ReadonlyMap<string, string> = new Map([
  ["AC-3", "AC-3"],
  ["AV01", "AV1"],
  ["BSSD", "PCM"],
  ["HEVC", "HEVC"],
  ["Opus", "Opus"],
]);

const REGISTRATION_DESCRIPTOR = 0x05;

function privateName(descriptors: Uint8Array): string | undefined {
  for (let at = 0; at + 2 <= descriptors.length; at += 2 + (descriptors[at + 1] ?? 0)) {
    const tag = descriptors[at] ?? 0;
    const name = tag === REGISTRATION_DESCRIPTOR
      ? REGISTRATION_NAMES.get(String.fromCharCode(...descriptors.subarray(at + 2, at + 6)))
      : DESCRIPTOR_NAMES.get(tag);
    if (name !== undefined) return name;
  }
  return undefined;
}
