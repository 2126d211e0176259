/**
 * Title and artist in ID3v2 tags, read in versions 2.2 to 2.4 and written in 2.4 (ID3 tag version
 * 2.4.0, native frames, 4.2.1).
 *
 * @module
 */
import { findId3Tag, ID3_HEADER_BYTES } from "./id3.ts";
import { decodeText } from "./text_bytes.ts";

/** What a tag tells of what is heard; `undefined` where it does not. */
export interface Id3Texts {
  readonly title: string | undefined;
  readonly artist: string | undefined;
}

/**
 * Reads title and artist of the tag that `bytes` begin with. What is damaged, compressed or encrypted
 * is passed over.
 * @returns `undefined` where there is no tag, or it has neither
 */
export function readId3Texts(bytes: Uint8Array): Id3Texts | undefined {
  const tag = findId3Tag(bytes, 0);
  const version = VERSIONS.get(bytes[3] ?? 0);
  if (tag === undefined || tag === "cut" || version === undefined) return undefined;
  const flags = bytes[5] ?? 0;
  let body = bytes.subarray(ID3_HEADER_BYTES, tag.bytes);
  // In version 2.4 each frame tells it.
  if ((flags & UNSYNCHRONISED) !== 0 && version.sizeBits === 8) body = synchronised(body);
  const found = new Map<string, string>();
  for (const { id, data } of framesOf(body, version, flags)) {
    if (id === version.title || id === version.artist) found.set(id, textIn(data));
  }
  const [title, artist] = [found.get(version.title), found.get(version.artist)];
  return title === undefined && artist === undefined ? undefined : { title, artist };
}

/** Writes a tag with both texts, in UTF-8; one that is not known is empty. */
export function writeId3Texts({ title, artist }: Id3Texts): Uint8Array {
  const frames = [...textFrame("TIT2", title ?? ""), ...textFrame("TPE1", artist ?? "")];
  return Uint8Array.from([0x49, 0x44, 0x33, 4, 0, 0, ...synchsafe(frames.length), ...frames]);
}

/** How frames stand in a version of the format. */
interface Version {
  readonly title: string;
  readonly artist: string;
  readonly idBytes: 3 | 4;
  readonly frameHeaderBytes: 6 | 10;
  /** How many bits each byte of a size has. */
  readonly sizeBits: 7 | 8;
  /** The data of a frame with these flags; `undefined` where it cannot be read. */
  readonly plain: (data: Uint8Array, flags: number) => Uint8Array | undefined;
}

const OLD_NAMES = { title: "TT2", artist: "TP1" };
const NAMES = { title: "TIT2", artist: "TPE1" };

const VERSIONS: ReadonlyMap<number, Version> = new Map<number, Version>([
  [2, { ...OLD_NAMES, idBytes: 3, frameHeaderBytes: 6, sizeBits: 8, plain: (data) => data }],
  [3, { ...NAMES, idBytes: 4, frameHeaderBytes: 10, sizeBits: 8, plain: plainData3 }],
  [4, { ...NAMES, idBytes: 4, frameHeaderBytes: 10, sizeBits: 7, plain: plainData4 }],
]);

/** Of a tag's header. */
const UNSYNCHRONISED = 0x80;
const EXTENDED_HEADER = 0x40;

/** Of a frame in version 2.4. */
const FRAME_GROUPED = 0x40;
const FRAME_COMPRESSED_OR_ENCRYPTED = 0x0c;
const FRAME_UNSYNCHRONISED = 0x02;
const FRAME_HAS_DATA_LENGTH = 0x01;
/** Of a frame in version 2.3: compressed, encrypted. */
const OLD_FRAME_UNREADABLE = 0xc0;

interface Id3Frame {
  readonly id: string;
  readonly data: Uint8Array;
}

function* framesOf(body: Uint8Array, version: Version, flags: number): Generator<Id3Frame> {
  const { idBytes, frameHeaderBytes, sizeBits, plain } = version;
  let at = (flags & EXTENDED_HEADER) === 0 ? 0 : extendedHeaderBytes(body, sizeBits);
  while (at + frameHeaderBytes <= body.length && body[at] !== 0) {
    const id = String.fromCharCode(...body.subarray(at, at + idBytes));
    const end = at + frameHeaderBytes + sizeAt(body, at + idBytes, idBytes, sizeBits);
    const data = plain(body.subarray(at + frameHeaderBytes, end), body[at + 9] ?? 0);
    if (data !== undefined) yield { id, data };
    at = end;
  }
}

/** In version 2.4 its size counts itself. Version 2.2 has none. */
function extendedHeaderBytes(body: Uint8Array, sizeBits: 7 | 8): number {
  return sizeAt(body, 0, 4, sizeBits) + (sizeBits === 7 ? 0 : 4);
}

function plainData3(data: Uint8Array, flags: number): Uint8Array | undefined {
  return (flags & OLD_FRAME_UNREADABLE) === 0 ? data : undefined;
}

function plainData4(data: Uint8Array, flags: number): Uint8Array | undefined {
  if ((flags & FRAME_COMPRESSED_OR_ENCRYPTED) !== 0) return undefined;
  const grouped = (flags & FRAME_GROUPED) === 0 ? 0 : 1;
  const lengthBytes = (flags & FRAME_HAS_DATA_LENGTH) === 0 ? 0 : 4;
  const plain = data.subarray(grouped + lengthBytes);
  return (flags & FRAME_UNSYNCHRONISED) === 0 ? plain : synchronised(plain);
}

/** A number of `count` bytes with so many bits each. */
function sizeAt(bytes: Uint8Array, at: number, count: number, bits: 7 | 8): number {
  let size = 0;
  for (let i = 0; i < count; i++) {
    size = size * 2 ** bits + ((bytes[at + i] ?? 0) & (2 ** bits - 1));
  }
  return size;
}

/** Takes out the zero bytes that stand behind 0xff so that no decoder takes them for a frame. */
function synchronised(bytes: Uint8Array): Uint8Array {
  return bytes.filter((byte, i) => byte !== 0 || bytes[i - 1] !== 0xff);
}

/** The values of a text frame, which are separated by zero. The first byte is the encoding. */
function textIn(data: Uint8Array): string {
  const decode = DECODERS[data[0] ?? 0] ?? decodeText;
  return decode(data.subarray(1)).split("\0").filter((value) => value !== "").join(" / ");
}

const utf16 = (bytes: Uint8Array) => {
  const isLittleEndian = bytes[0] === 0xff && bytes[1] === 0xfe;
  return (isLittleEndian ? utf16Le : utf16Be).decode(bytes);
};
const utf16Le = new TextDecoder("utf-16le");
const utf16Be = new TextDecoder("utf-16be");

/** By encoding: Latin-1, UTF-16 with a byte order mark, UTF-16BE, UTF-8. Not all tell the truth. */
const DECODERS = [decodeText, utf16, utf16, decodeText];

function textFrame(id: string, text: string): number[] {
  const bytes = [3, ...new TextEncoder().encode(text)];
  return [...new TextEncoder().encode(id), ...synchsafe(bytes.length), 0, 0, ...bytes];
}

function synchsafe(size: number): number[] {
  return [21, 14, 7, 0].map((shift) => (size >> shift) & 0x7f);
}
