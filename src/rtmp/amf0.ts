// AMF0, the encoding of RTMP commands and data (Action Message Format 0, 2007).

import { RtmpError } from "./rtmp_error.ts";

const Marker = {
  Number: 0,
  Boolean: 1,
  String: 2,
  Object: 3,
  Null: 5,
  Undefined: 6,
  Reference: 7,
  EcmaArray: 8,
  ObjectEnd: 9,
  StrictArray: 10,
  Date: 11,
  LongString: 12,
  Unsupported: 13,
  XmlDocument: 15,
  TypedObject: 16,
} as const;

const MAX_DEPTH = 16;
const MAX_VALUES = 1024;
const MAX_SHORT_STRING = 65_535;

/** A value as read: arrays of both kinds and typed objects come without their class or count. */
export type Amf0Value = string | number | boolean | null | undefined | Amf0Value[] | Amf0Object;

/** Objects that were read have no prototype, so any key is only a key. */
export interface Amf0Object {
  [key: string]: Amf0Value;
}

/** Whether `value` is an object or an ECMA array, whose properties may be looked at. */
export function isAmf0Object(value: Amf0Value): value is Amf0Object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Reads all values of a message. Dates become milliseconds since the epoch, references `undefined`.
 * @throws {RtmpError} malformed, nested deeper than 16, or more than 1024 values
 */
export function readAmf0(bytes: Uint8Array): Amf0Value[] {
  return new Amf0Reader(bytes).readAll();
}

/** Writes the values one after the other, as a command has them. */
export function writeAmf0(...values: Amf0Value[]): Uint8Array {
  const bytes: number[] = [];
  for (const value of values) writeValue(bytes, value);
  return Uint8Array.from(bytes);
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();

class Amf0Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #values = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  readAll(): Amf0Value[] {
    const values: Amf0Value[] = [];
    while (this.#at < this.#bytes.length) values.push(this.#value(0));
    return values;
  }

  #value(depth: number): Amf0Value {
    if (depth > MAX_DEPTH) throw new RtmpError(`Cannot read AMF0: nested deeper than ${MAX_DEPTH}`);
    if (++this.#values > MAX_VALUES) {
      throw new RtmpError(`Cannot read AMF0: more than ${MAX_VALUES} values`);
    }
    const marker = this.#view.getUint8(this.#take(1));
    switch (marker) {
      case Marker.Number:
        return this.#view.getFloat64(this.#take(8));
      case Marker.Boolean:
        return this.#view.getUint8(this.#take(1)) !== 0;
      case Marker.String:
        return this.#shortString();
      case Marker.Object:
        return this.#object(depth);
      case Marker.Null:
        return null;
      case Marker.Undefined:
      case Marker.Unsupported:
        return undefined;
      case Marker.Reference:
        this.#take(2);
        return undefined;
      case Marker.EcmaArray:
        // The count is a hint that encoders get wrong; the end marker decides.
        this.#take(4);
        return this.#object(depth);
      case Marker.StrictArray:
        return this.#strictArray(depth);
      case Marker.Date: {
        const milliseconds = this.#view.getFloat64(this.#take(8));
        this.#take(2);
        return milliseconds;
      }
      case Marker.LongString:
      case Marker.XmlDocument:
        return this.#string(this.#view.getUint32(this.#take(4)));
      case Marker.TypedObject:
        this.#shortString();
        return this.#object(depth);
      default:
        throw new RtmpError(`Cannot read AMF0: unknown marker ${marker}`);
    }
  }

  #object(depth: number): Amf0Object {
    const object: Amf0Object = Object.create(null);
    for (;;) {
      const key = this.#shortString();
      if (key === "" && this.#bytes[this.#at] === Marker.ObjectEnd) {
        this.#at++;
        return object;
      }
      object[key] = this.#value(depth + 1);
    }
  }

  #strictArray(depth: number): Amf0Value[] {
    const count = this.#view.getUint32(this.#take(4));
    const array: Amf0Value[] = [];
    for (let i = 0; i < count; i++) array.push(this.#value(depth + 1));
    return array;
  }

  #shortString(): string {
    return this.#string(this.#view.getUint16(this.#take(2)));
  }

  #string(length: number): string {
    const start = this.#take(length);
    return decoder.decode(this.#bytes.subarray(start, start + length));
  }

  /** Passes over `count` bytes and returns where they start. */
  #take(count: number): number {
    const start = this.#at;
    if (this.#bytes.length - start < count) {
      throw new RtmpError(
        `Cannot read AMF0: expected ${count} bytes at ${start}, got ${this.#bytes.length - start}`,
      );
    }
    this.#at += count;
    return start;
  }
}

function writeValue(bytes: number[], value: Amf0Value): void {
  if (typeof value === "number") {
    const view = new DataView(new ArrayBuffer(8));
    view.setFloat64(0, value);
    bytes.push(Marker.Number, ...new Uint8Array(view.buffer));
  } else if (typeof value === "boolean") {
    bytes.push(Marker.Boolean, value ? 1 : 0);
  } else if (typeof value === "string") {
    writeString(bytes, value);
  } else if (value === null) {
    bytes.push(Marker.Null);
  } else if (value === undefined) {
    bytes.push(Marker.Undefined);
  } else if (Array.isArray(value)) {
    bytes.push(Marker.StrictArray, ...uint32(value.length));
    for (const element of value) writeValue(bytes, element);
  } else {
    bytes.push(Marker.Object);
    for (const [key, property] of Object.entries(value)) {
      const name = encoder.encode(key);
      bytes.push(name.length >> 8, name.length & 0xff, ...name);
      writeValue(bytes, property);
    }
    bytes.push(0, 0, Marker.ObjectEnd);
  }
}

function writeString(bytes: number[], value: string): void {
  const text = encoder.encode(value);
  if (text.length > MAX_SHORT_STRING) bytes.push(Marker.LongString, ...uint32(text.length));
  else bytes.push(Marker.String, text.length >> 8, text.length & 0xff);
  for (const byte of text) bytes.push(byte);
}

function uint32(value: number): number[] {
  return [value >>> 24, value >> 16 & 0xff, value >> 8 & 0xff, value & 0xff];
}
