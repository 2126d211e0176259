/**
 * AMF0, the encoding of RTMP commands and data (Action Message Format 0, 2007).
 *
 * @module
 */
import { readAmf3 } from "./amf3.ts";
import { AmfInput } from "./amf_input.ts";
import { type AmfValue, emptyAmfObject } from "./amf_value.ts";
import { MessageType } from "./message_type.ts";
import { RtmpError } from "./rtmp_error.ts";

/** What could be read of a message. */
export interface AmfReading {
  /** The last one may be a part: what could be read of an object or an array. */
  readonly values: readonly AmfValue[];
  /** Why nothing behind them could be read; `undefined` where they are all. */
  readonly problem: string | undefined;
}

/**
 * Reads the values of a message, up to the end or to what cannot be read: malformed, nested deeper
 * than 16, or beyond 1024 values. Dates become milliseconds since the epoch, references `undefined`.
 */
export function readAmf0(bytes: Uint8Array): AmfReading {
  const input = new AmfInput(bytes);
  const values: AmfValue[] = [];
  try {
    while (!input.atEnd) readValue(input, 0, (value) => values.push(value));
  } catch (error) {
    if (!(error instanceof RtmpError)) throw error;
    return { values, problem: error.message };
  }
  return { values, problem: undefined };
}

/** The AMF0 in a command or data message: what is said to be AMF3 begins with a zero byte. */
export function amf0Of(type: number, payload: Uint8Array): Uint8Array {
  const isAmf3 = type === MessageType.DataAmf3 || type === MessageType.CommandAmf3;
  return isAmf3 && payload[0] === 0 ? payload.subarray(1) : payload;
}

/** Writes the values one after the other, as a command has them. */
export function writeAmf0(...values: AmfValue[]): Uint8Array {
  const bytes: number[] = [];
  for (const value of values) writeValue(bytes, value);
  return Uint8Array.from(bytes);
}

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
  /** What follows is AMF3. */
  AvmPlusObject: 17,
} as const;

const MAX_SHORT_STRING = 65_535;

const encoder = new TextEncoder();

/** Hands the next value to `store`: a container before it is filled, so what was read of it stays. */
function readValue(input: AmfInput, depth: number, store: (value: AmfValue) => void): void {
  input.beginValue(depth);
  const marker = input.uint8();
  switch (marker) {
    case Marker.Number:
      return store(input.double());
    case Marker.Boolean:
      return store(input.uint8() !== 0);
    case Marker.String:
      return store(input.text(input.uint16()));
    case Marker.Object:
      return readObject(input, depth, store);
    case Marker.Null:
      return store(null);
    case Marker.Undefined:
    case Marker.Unsupported:
      return store(undefined);
    case Marker.Reference:
      input.skip(2);
      return store(undefined);
    case Marker.EcmaArray:
      // The count is a hint that encoders get wrong; the end marker decides.
      input.skip(4);
      return readObject(input, depth, store);
    case Marker.StrictArray:
      return readStrictArray(input, depth, store);
    case Marker.Date: {
      const milliseconds = input.double();
      input.skip(2); // time-zone, reserved
      return store(milliseconds);
    }
    case Marker.LongString:
    case Marker.XmlDocument:
      return store(input.text(input.uint32()));
    case Marker.TypedObject:
      input.skip(input.uint16()); // class-name
      return readObject(input, depth, store);
    case Marker.AvmPlusObject:
      return readAmf3(input, depth, store);
    default:
      throw new RtmpError(`Cannot read AMF0: unknown marker ${marker}`);
  }
}

function readObject(input: AmfInput, depth: number, store: (value: AmfValue) => void): void {
  const object = emptyAmfObject();
  store(object);
  for (;;) {
    const key = input.text(input.uint16());
    if (key === "" && input.nextByte === Marker.ObjectEnd) return input.skip(1);
    readValue(input, depth + 1, (value) => object[key] = value);
  }
}

function readStrictArray(input: AmfInput, depth: number, store: (value: AmfValue) => void): void {
  const array: AmfValue[] = [];
  store(array);
  const count = input.uint32();
  for (let i = 0; i < count; i++) readValue(input, depth + 1, (value) => array.push(value));
}

function writeValue(bytes: number[], value: AmfValue): void {
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
