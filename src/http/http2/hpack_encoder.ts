/** Writes header fields for HPACK (RFC 7541). The peer need not remember any. */
import type { Field } from "../request_head.ts";
import { STATIC_TABLE } from "./static_table.ts";

/**
 * A header block. Names are lower case, and all characters stand for a byte each.
 * @returns the whole block
 */
export function encodeHeader(fields: Iterable<Field>): Uint8Array {
  const bytes: number[] = [];
  for (const [name, value] of fields) {
    const whole = NUMBERS.get(`${name}=${value}`);
    if (whole !== undefined) {
      putInteger(bytes, 0x80, 7, whole);
      continue;
    }
    const number = NUMBERS.get(name) ?? 0;
    putInteger(bytes, 0x00, 4, number);
    if (number === 0) putText(bytes, name);
    putText(bytes, value);
  }
  return Uint8Array.from(bytes);
}

/** The first number of each name in the static table, and of each entry that has a value. */
const NUMBERS: ReadonlyMap<string, number> = new Map(
  STATIC_TABLE.flatMap(([name, value], i): [string, number][] => [
    [value === "" ? name : `${name}=${value}`, i + 1],
    ...(value !== "" && STATIC_TABLE.findIndex(([other]) => other === name) === i
      ? [[name, i + 1] as [string, number]]
      : []),
  ]),
);

/** RFC 7541 5.1. */
function putInteger(bytes: number[], first: number, bits: number, value: number): void {
  const max = (1 << bits) - 1;
  if (value < max) return void bytes.push(first | value);
  bytes.push(first | max);
  let rest = value - max;
  for (; rest >= 0x80; rest >>= 7) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
}

/** RFC 7541 5.2, without Huffman's code. */
function putText(bytes: number[], text: string): void {
  putInteger(bytes, 0x00, 7, text.length);
  for (let i = 0; i < text.length; i++) bytes.push(text.charCodeAt(i) & 0xff);
}
