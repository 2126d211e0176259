/**
 * AMF3 (Action Message Format 3, January 2013), to read what stands behind AMF0's
 * avmplus-object-marker.
 *
 * @module
 */
import type { AmfInput } from "./amf_input.ts";
import { type AmfValue, emptyAmfObject } from "./amf_value.ts";
import { RtmpError } from "./rtmp_error.ts";

/**
 * Reads one value and hands it to `store`: a container before it is filled, so that what was read of
 * it stays where the rest cannot be. Dates become milliseconds since the epoch; byte arrays, vectors
 * of numbers and dictionaries `undefined`.
 * @param depth how many others the value is within
 * @throws {RtmpError} malformed or more than {@link AmfInput} takes, or an object in a form of its
 *   own class
 */
export function readAmf3(input: AmfInput, depth: number, store: (value: AmfValue) => void): void {
  new Amf3Reader(input).read(depth, store);
}

const Marker = {
  Undefined: 0,
  Null: 1,
  False: 2,
  True: 3,
  Integer: 4,
  Double: 5,
  String: 6,
  XmlDocument: 7,
  Date: 8,
  Array: 9,
  Object: 10,
  Xml: 11,
  ByteArray: 12,
  VectorInt: 13,
  VectorUint: 14,
  VectorDouble: 15,
  VectorObject: 16,
  Dictionary: 17,
} as const;

/** Bytes of an element, by the vectors that have elements of one size (AMF3 3.15). */
const ELEMENT_BYTES: Readonly<Record<number, number>> = {
  [Marker.VectorInt]: 4,
  [Marker.VectorUint]: 4,
  [Marker.VectorDouble]: 8,
};

/** What the objects of one class have in common (AMF3 3.12). */
interface Traits {
  readonly members: readonly string[];
  readonly dynamic: boolean;
}

/** Reads one value with all that it refers to. */
class Amf3Reader {
  readonly #input: AmfInput;
  readonly #strings: string[] = [];
  /** Everything that is sent by reference and is no string. */
  readonly #objects: AmfValue[] = [];
  readonly #traits: Traits[] = [];

  constructor(input: AmfInput) {
    this.#input = input;
  }

  read(depth: number, store: (value: AmfValue) => void): void {
    const input = this.#input;
    input.beginValue(depth);
    const marker = input.uint8();
    switch (marker) {
      case Marker.Undefined:
        return store(undefined);
      case Marker.Null:
        return store(null);
      case Marker.False:
        return store(false);
      case Marker.True:
        return store(true);
      case Marker.Integer:
        return store(this.#uint29() << 3 >> 3);
      case Marker.Double:
        return store(input.double());
      case Marker.String:
        return store(this.#string());
      case Marker.Array:
        return this.#array(depth, store);
      case Marker.Object:
        return this.#object(depth, store);
      case Marker.Date:
        return store(this.#byReference(() => input.double()));
      case Marker.XmlDocument:
      case Marker.Xml:
        return store(this.#byReference((length) => input.text(length)));
      case Marker.ByteArray:
        return store(this.#byReference((length) => input.skip(length)));
      case Marker.VectorInt:
      case Marker.VectorUint:
      case Marker.VectorDouble:
        return store(
          this.#byReference((count) => input.skip(1 + count * (ELEMENT_BYTES[marker] ?? 0))),
        );
      case Marker.VectorObject:
        return store(this.#byReference((count) => {
          input.skip(1);
          this.#string(); // object-type-name
          return this.#passOver(count, depth);
        }));
      case Marker.Dictionary:
        return store(this.#byReference((count) => {
          input.skip(1);
          return this.#passOver(2 * count, depth);
        }));
      default:
        throw new RtmpError(`Cannot read AMF3: unknown marker ${marker}`);
    }
  }

  /** U29, 1.3.1: seven bits a byte, eight in the fourth. */
  #uint29(): number {
    let value = 0;
    for (let i = 0; i < 3; i++) {
      const byte = this.#input.uint8();
      value = value << 7 | byte & 0x7f;
      if (byte < 0x80) return value;
    }
    return value << 8 | this.#input.uint8();
  }

  /** UTF-8-vr, 1.3.2. The empty string is never sent by reference. */
  #string(): string {
    const header = this.#uint29();
    if ((header & 1) === 0) return referred(this.#strings, header >> 1);
    const text = this.#input.text(header >> 1);
    if (text !== "") this.#strings.push(text);
    return text;
  }

  /** A value that holds no others that could refer to it; `read` gets the header's number. */
  #byReference(read: (count: number) => AmfValue): AmfValue {
    const header = this.#uint29();
    if ((header & 1) === 0) return referred(this.#objects, header >> 1);
    const index = this.#objects.push(undefined) - 1;
    const value = read(header >> 1);
    this.#objects[index] = value;
    return value;
  }

  #passOver(count: number, depth: number): undefined {
    for (let i = 0; i < count; i++) this.read(depth + 1, () => {});
  }

  /** 3.11. With named elements, which come first, it is an object. */
  #array(depth: number, store: (value: AmfValue) => void): void {
    const header = this.#uint29();
    if ((header & 1) === 0) return store(referred(this.#objects, header >> 1));
    const count = header >> 1;
    const index = this.#objects.push(undefined) - 1;
    let name = this.#string();
    if (name === "") {
      const array: AmfValue[] = [];
      this.#objects[index] = array;
      store(array);
      for (let i = 0; i < count; i++) this.read(depth + 1, (value) => array.push(value));
      return;
    }
    const object = emptyAmfObject();
    this.#objects[index] = object;
    store(object);
    for (; name !== ""; name = this.#string()) {
      const key = name;
      this.read(depth + 1, (value) => object[key] = value);
    }
    for (let i = 0; i < count; i++) this.read(depth + 1, (value) => object[i] = value);
  }

  /** 3.12. */
  #object(depth: number, store: (value: AmfValue) => void): void {
    const header = this.#uint29();
    if ((header & 1) === 0) return store(referred(this.#objects, header >> 1));
    const { members, dynamic } = this.#readTraits(header);
    const object = emptyAmfObject();
    this.#objects.push(object);
    store(object);
    for (const name of members) this.read(depth + 1, (value) => object[name] = value);
    if (!dynamic) return;
    for (let name = this.#string(); name !== ""; name = this.#string()) {
      const key = name;
      this.read(depth + 1, (value) => object[key] = value);
    }
  }

  /** @param header of the object: U29O-traits-ref, U29O-traits-ext or U29O-traits */
  #readTraits(header: number): Traits {
    if ((header & 2) === 0) return referred(this.#traits, header >> 2);
    if ((header & 4) !== 0) {
      throw new RtmpError("Cannot read AMF3: an object in a form of its own class");
    }
    this.#string();
    const members: string[] = [];
    for (let i = 0; i < header >> 4; i++) members.push(this.#string());
    const traits = { members, dynamic: (header & 8) !== 0 };
    this.#traits.push(traits);
    return traits;
  }
}

function referred<T>(table: readonly T[], index: number): T {
  if (index >= table.length) {
    throw new RtmpError(`Cannot read AMF3: reference ${index} of ${table.length}`);
  }
  return table[index] as T;
}
