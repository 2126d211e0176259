/** What reads MPEG-TS and the messages of SRT. */
import { decodeSockaddr, encodeSockaddr, SOCKADDR_BYTES } from "../../../ffi/address.ts";
import { UnsupportedAudio } from "../../../src/audio/unsupported_audio.ts";
import { writeId3Texts } from "../../../src/audio/id3_texts.ts";
import { crc32 } from "../../../src/mpegts/crc32.ts";
import { TsDemuxer } from "../../../src/mpegts/demuxer.ts";
import { parsePes, pesBytes } from "../../../src/mpegts/pes.ts";
import {
  MAX_SECTION_BYTES,
  parseProgramAssociation,
  parseProgramMap,
  writeProgramAssociation,
  writeProgramMap,
} from "../../../src/mpegts/psi.ts";
import { SectionAssembler } from "../../../src/mpegts/section_assembler.ts";
import { streamName } from "../../../src/mpegts/stream_name.ts";
import { Payload } from "../../../src/srt/payload.ts";
import {
  credentialsOfStreamId,
  parseStreamId,
  StreamIdError,
  streamIdHint,
} from "../../../src/srt/stream_id.ts";
import { isValidName } from "../../../src/session/name.ts";
import { adtsStreams, transportStreams } from "../seeds.ts";
import { about, bytesOf, piecesOf, type Target, textOf } from "../target.ts";

const PAT = writeProgramAssociation([{ programNumber: 1, pmtPid: 0x1000 }]);
const PMT = writeProgramMap({
  programNumber: 1,
  pcrPid: 0x100,
  streams: [
    { streamType: 0x1b, pid: 0x101, descriptors: new Uint8Array() },
    { streamType: 0x0f, pid: 0x100, descriptors: Uint8Array.of(0x0a, 4, 0x65, 0x6e, 0x67, 0) },
    { streamType: 0x06, pid: 0x102, descriptors: Uint8Array.of(5, 4, ...bytesOf("Opus")) },
  ],
});
const PES = Uint8Array.of(0, 0, 1, 0xc0, 0, 20, 0x84, 0x80, 5, 0x21, 0, 1, 0, 1, 1, 2, 3, 4, 5, 6);
const PACKET_TOKENS = [
  Uint8Array.of(0x47, 0x40, 0, 0x10, 0),
  Uint8Array.of(0x47, 0x50, 0, 0x10, 0),
  Uint8Array.of(0x47, 0x41, 0, 0x30, 7, 0x50),
  PES,
  PAT,
  PMT,
  writeId3Texts({ title: "Song", artist: undefined }),
];

const STREAM_IDS = [
  "#!::r=demo,m=publish,u=anna,s=sesame",
  "publish:demo:anna:sesame",
  "live/demo?key=sesame",
  "#!::m=request,r=demo",
  "%23!::r=demo%2Cm=publish",
];

export const STREAM_TARGETS: readonly Target[] = [
  {
    name: "ts_demuxer",
    errors: [UnsupportedAudio],
    tokens: PACKET_TOKENS,
    seeds: transportStreams,
    run: (input) => {
      const seen = { frames: 0, configs: 0, bad: 0, texts: 0 };
      const demuxer = new TsDemuxer({
        metadata: () => seen.texts++,
        configure: () => seen.configs++,
        write: () => seen.frames++,
        bad: (count) => seen.bad += count,
      });
      for (const piece of piecesOf(input)) demuxer.feed(piece);
      demuxer.flush();
      return `${about(seen.frames)} ${about(seen.configs)} ${about(seen.bad)} ` +
        `${about(seen.texts)} ${demuxer.hasAudio} ${demuxer.streamNames.join()}`;
    },
  },
  {
    name: "ts_sections",
    errors: [],
    maxBytes: 2048,
    tokens: [PAT, PMT],
    seeds: () => [PAT, PMT, Uint8Array.of(0, ...PAT, ...PMT, 0xff)],
    run: (input) => {
      let sections = 0;
      const assembler = new SectionAssembler(() => sections++);
      let start = true;
      for (const piece of piecesOf(input)) {
        assembler.push(piece, start);
        start = piece.length % 3 === 0;
      }
      const sound = withCrc(input);
      const programs = parseProgramAssociation(sound);
      const map = parseProgramMap(sound);
      return `${about(sections)} ${programs?.length} ${map?.streams.length} ` +
        `${map?.streams.map(streamName).join()}`;
    },
  },
  {
    name: "ts_pes",
    errors: [],
    maxBytes: 1024,
    seeds: () => [PES],
    run: (input) => {
      const pes = parsePes(input);
      const bytes = pesBytes(input);
      return `${pes?.pts90k === undefined} ${about(pes?.data.length ?? 0)} ${about(bytes)}`;
    },
  },
  {
    name: "srt_payload",
    errors: [UnsupportedAudio],
    tokens: [...PACKET_TOKENS, "ID3", "OggS", "ftyp", Uint8Array.of(0xff, 0xf1)],
    seeds: () => [...transportStreams(), ...adtsStreams()].map((bytes) => withSize(1316, bytes)),
    run: readMessages,
  },
  {
    name: "srt_stream_id",
    errors: [StreamIdError],
    maxBytes: 1024,
    tokens: [
      "#!::",
      "r=",
      "m=publish",
      "m=request",
      "s=",
      "u=",
      ",",
      ":",
      "?key=",
      "%",
      "%2C",
      "/",
    ],
    seeds: () => STREAM_IDS.map(bytesOf),
    run: (input) => {
      const text = textOf(input);
      const { user, keys } = credentialsOfStreamId(text);
      const hint = streamIdHint(text);
      const { name, others } = parseStreamId(text);
      return `${isValidName(name)} ${others.length} ${user === undefined} ${keys.length} ` +
        `${about(hint.length)}`;
    },
  },
  {
    name: "srt_address",
    // libsrt writes it: a family that is neither is a fault of the library, and says so.
    errors: [TypeError],
    maxBytes: SOCKADDR_BYTES,
    seeds: () =>
      ["192.0.2.1", "2001:db8::1"].map((hostname) => encodeSockaddr({ hostname, port: 9 })),
    run: (input) => {
      const bytes = new Uint8Array(SOCKADDR_BYTES);
      bytes.set(input);
      const { hostname, port } = decodeSockaddr(bytes);
      return `${about(hostname.length)} ${about(port)}`;
    },
  },
];

/** A section of the length that its bytes have, with the CRC that they need. */
function withCrc(input: Uint8Array): Uint8Array {
  const bytes = input.slice(0, MAX_SECTION_BYTES);
  if (bytes.length < 16) return bytes;
  bytes[5] = (bytes[5] ?? 0) | 1;
  const crc = crc32(bytes.subarray(0, bytes.length - 4));
  new DataView(bytes.buffer).setUint32(bytes.length - 4, crc);
  return bytes;
}

/** Two bytes before a stream say how long its messages are. */
function withSize(size: number, stream: Uint8Array): Uint8Array {
  return Uint8Array.of(size >> 8, size & 0xff, ...stream);
}

function readMessages(input: Uint8Array): string {
  const size = 1 + (((input[0] ?? 0) << 8 | (input[1] ?? 0)) + 1315) % 1316;
  const seen = { frames: 0, configs: 0, bad: 0, lost: 0 };
  const payload = new Payload({
    configure: () => seen.configs++,
    write: () => seen.frames++,
    bad: (count) => seen.bad += count,
    lost: (frames) => seen.lost += frames,
  });
  for (let at = 2; at < input.length; at += size) {
    payload.feed(input.subarray(at, at + size));
    if (input[at] === 7) payload.lost(1 + at % 9);
  }
  payload.flush();
  return `${payload.seen} ${about(seen.frames)} ${about(seen.configs)} ${about(seen.bad)}`;
}
