/**
 * Boxes of the ISO base media file format as nested data (ISO/IEC 14496-12 4.2), and their bytes.
 *
 * @module
 */

/**
 * A box: its four-character type, then fields and boxes in the order that the specification has.
 */
export interface Box {
  readonly type: string;
  readonly content: readonly BoxContent[];
}

/** What a box holds: other boxes, the bytes of its fields, or room for bytes that come later. */
export type BoxContent = Box | Uint8Array | Room;

/** Bytes of a box that are written later, such as a table that is too long for memory. */
export interface Room {
  readonly length: number;
  readonly room: true;
}

/** Thrown where a file is not what Echo writes, or holds no recording. */
export class Mp4Error extends Error {
  override readonly name = "Mp4Error";
}

/** Bytes of a box's size and type. */
export const BOX_HEADER_BYTES = 8;

export function box(type: string, ...content: BoxContent[]): Box {
  return { type, content };
}

/** A box that begins with a version and flags (4.2.2). */
export function fullBox(
  type: string,
  version: number,
  flags: number,
  ...content: BoxContent[]
): Box {
  return box(type, u32(version * 2 ** 24 + flags), ...content);
}

export function u8(...values: number[]): Uint8Array {
  return Uint8Array.from(values);
}

export function u16(...values: number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(2 * values.length));
  values.forEach((value, i) => view.setUint16(2 * i, value));
  return new Uint8Array(view.buffer);
}

export function u32(...values: number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  values.forEach((value, i) => view.setUint32(4 * i, value));
  return new Uint8Array(view.buffer);
}

export function u64(...values: number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(8 * values.length));
  values.forEach((value, i) => setUint64(view, 8 * i, value));
  return new Uint8Array(view.buffer);
}

/** Text in UTF-8, unterminated. */
export function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

/** A four-character code, in Latin-1: `©nam` and `©day` are not ASCII. */
export function fourCc(code: string): Uint8Array {
  return Uint8Array.from(code, (char) => char.charCodeAt(0));
}

export function room(length: number): Room {
  return { length, room: true };
}

/** Writes a 64-bit integer of at most 53 bits. */
export function setUint64(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, Math.floor(value / 2 ** 32));
  view.setUint32(offset + 4, value % 2 ** 32);
}

/** Reads a 64-bit integer. Beyond 53 bits it is not exact, but no file is as large. */
export function getUint64(view: DataView, offset: number): number {
  return view.getUint32(offset) * 2 ** 32 + view.getUint32(offset + 4);
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Bytes of a box, its header included. */
export function boxSize(box: Box): number {
  let size = BOX_HEADER_BYTES;
  for (const item of box.content) size += "type" in item ? boxSize(item) : item.length;
  return size;
}

/** The bytes of a box and of all that is in it, in order, with its rooms between them. */
export function* boxParts(box: Box): Generator<Uint8Array | Room> {
  yield u32(boxSize(box));
  yield fourCc(box.type);
  for (const item of box.content) {
    if ("type" in item) yield* boxParts(item);
    else yield item;
  }
}

/** The bytes of boxes one after another. @throws {RangeError} where one has room in it */
export function encodeBoxes(...boxes: Box[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(boxes.reduce((sum, box) => sum + boxSize(box), 0));
  let offset = 0;
  for (const box of boxes) {
    for (const part of boxParts(box)) {
      if ("room" in part) throw new RangeError(`Cannot encode ${box.type}: it has room in it`);
      bytes.set(part, offset);
      offset += part.length;
    }
  }
  return bytes;
}

/** The header of a box, as a file has it. */
export interface BoxHeader {
  readonly type: string;
  /** Bytes of the whole box. */
  readonly size: number;
  /** Bytes of the header. */
  readonly headerBytes: 8 | 16;
}

/** Reads a box header; `undefined` where the bytes end within it. */
export function parseBoxHeader(bytes: Uint8Array, offset = 0): BoxHeader | undefined {
  if (offset + BOX_HEADER_BYTES > bytes.length) return undefined;
  const view = viewOf(bytes);
  const type = String.fromCharCode(...bytes.subarray(offset + 4, offset + 8));
  const size = view.getUint32(offset);
  if (size !== 1) return { type, size, headerBytes: 8 };
  if (offset + 16 > bytes.length) return undefined;
  return { type, size: getUint64(view, offset + 8), headerBytes: 16 };
}

/**
 * The payload of a box by the types on the way to it; `undefined` where there is none.
 * @param bytes boxes one after another
 */
export function findBox(bytes: Uint8Array, ...path: string[]): Uint8Array | undefined {
  let within: Uint8Array | undefined = bytes;
  for (const type of path) within = within && findChild(within, type);
  return within;
}

/** As {@link findBox}. @throws {Mp4Error} where there is none */
export function requireBox(bytes: Uint8Array, ...path: string[]): Uint8Array {
  const found = findBox(bytes, ...path);
  if (found !== undefined) return found;
  throw new Mp4Error(`Cannot parse MP4: expected a box ${path.join("/")}, got none`);
}

function findChild(bytes: Uint8Array, type: string): Uint8Array | undefined {
  let offset = 0;
  for (;;) {
    const header = parseBoxHeader(bytes, offset);
    if (header === undefined || header.size < header.headerBytes) return undefined;
    const end = offset + header.size;
    if (end > bytes.length) return undefined;
    if (header.type === type) return bytes.subarray(offset + header.headerBytes, end);
    offset = end;
  }
}
