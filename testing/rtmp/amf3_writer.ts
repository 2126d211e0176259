/** Writes AMF3 as encoders do, which Echo itself never does. */
import type { AmfValue } from "../../src/rtmp/amf_value.ts";

const encoder = new TextEncoder();

/**
 * Writes one value in AMF3, with AMF0's avmplus-object-marker before it. What repeats (strings that
 * are not empty, the class of all objects) is sent by reference.
 */
export function writeAmf3(value: AmfValue): Uint8Array {
  const writer = new Amf3Writer();
  writer.write(value);
  return Uint8Array.of(0x11, ...writer.bytes);
}

class Amf3Writer {
  readonly bytes: number[] = [];
  readonly #strings: string[] = [];
  #classIsKnown = false;

  write(value: AmfValue): void {
    if (value === undefined) this.bytes.push(0);
    else if (value === null) this.bytes.push(1);
    else if (typeof value === "boolean") this.bytes.push(value ? 3 : 2);
    else if (typeof value === "number") this.#number(value);
    else if (typeof value === "string") {
      this.bytes.push(6);
      this.#string(value);
    } else if (Array.isArray(value)) {
      this.bytes.push(9);
      this.#uint29(value.length << 1 | 1);
      this.#string("");
      for (const element of value) this.write(element);
    } else {
      this.bytes.push(10);
      if (this.#classIsKnown) this.#uint29(0b0001);
      else this.#dynamicClass();
      for (const [name, property] of Object.entries(value)) {
        this.#string(name);
        this.write(property);
      }
      this.#string("");
    }
  }

  /** Traits without a name and without sealed members. */
  #dynamicClass(): void {
    this.#classIsKnown = true;
    this.#uint29(0b1011);
    this.#string("");
  }

  #number(value: number): void {
    const isInteger = Number.isInteger(value) && value >= -(2 ** 28) && value < 2 ** 28 &&
      !Object.is(value, -0);
    if (isInteger) {
      this.bytes.push(4);
      this.#uint29(value & 0x1fff_ffff);
    } else {
      const view = new DataView(new ArrayBuffer(8));
      view.setFloat64(0, value);
      this.bytes.push(5, ...new Uint8Array(view.buffer));
    }
  }

  #string(text: string): void {
    const known = text === "" ? -1 : this.#strings.indexOf(text);
    if (known >= 0) return this.#uint29(known << 1);
    if (text !== "") this.#strings.push(text);
    const utf8 = encoder.encode(text);
    this.#uint29(utf8.length << 1 | 1);
    for (const byte of utf8) this.bytes.push(byte);
  }

  #uint29(value: number): void {
    if (value < 0x80) this.bytes.push(value);
    else if (value < 0x4000) this.bytes.push(value >> 7 | 0x80, value & 0x7f);
    else if (value < 0x20_0000) {
      this.bytes.push(value >> 14 | 0x80, value >> 7 & 0x7f | 0x80, value & 0x7f);
    } else {
      const high = [value >> 22 | 0x80, value >> 15 & 0x7f | 0x80, value >> 8 & 0x7f | 0x80];
      this.bytes.push(...high, value & 0xff);
    }
  }
}
