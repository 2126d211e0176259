/** MP4 boxes (ISO/IEC 14496-12 4.2) as bytes, and back. */
import assert from "node:assert/strict";
import {
  box,
  boxSize,
  encodeBoxes,
  findBox,
  fourCc,
  fullBox,
  getUint64,
  Mp4Error,
  parseBoxHeader,
  requireBox,
  room,
  text,
  u16,
  u32,
  u64,
  u8,
  viewOf,
} from "../../src/mp4/boxes.ts";

Deno.test("a box is its size, its type, then its fields and boxes", () => {
  const bytes = encodeBoxes(box("abcd", u8(1, 2), box("efgh", u16(0x304))));
  assert.deepEqual([...bytes], [
    ...[0, 0, 0, 20, 97, 98, 99, 100, 1, 2],
    ...[0, 0, 0, 10, 101, 102, 103, 104, 3, 4],
  ]);
});

Deno.test("a full box begins with its version and flags", () => {
  const bytes = encodeBoxes(fullBox("abcd", 255, 0x010203));
  assert.deepEqual([...bytes.subarray(8)], [255, 1, 2, 3]);
});

Deno.test("a 64-bit field keeps 53 bits", () => {
  for (const value of [0, 1, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
    assert.equal(getUint64(viewOf(u64(value)), 0), value);
    assert.equal(viewOf(u64(value)).getBigUint64(0), BigInt(value));
  }
});

Deno.test("a four-character code is Latin-1, other text UTF-8", () => {
  assert.deepEqual([...fourCc("©nam")], [0xa9, 0x6e, 0x61, 0x6d]);
  assert.deepEqual([...text("é")], [0xc3, 0xa9]);
});

Deno.test("a room counts in a box's size, and has no bytes to encode", () => {
  const table = box("stsz", u32(0), room(1000));
  assert.equal(boxSize(table), 1012);
  assert.throws(() => encodeBoxes(table), RangeError);
});

Deno.test("a box header is read with a 32-bit or a 64-bit size, once it is whole", () => {
  const small = encodeBoxes(box("free", u32(0)));
  assert.deepEqual(parseBoxHeader(small), { type: "free", size: 12, headerBytes: 8 });
  const large = Uint8Array.from([...u32(1), ...fourCc("mdat"), ...u64(2 ** 40)]);
  assert.deepEqual(parseBoxHeader(large), { type: "mdat", size: 2 ** 40, headerBytes: 16 });
  for (let length = 0; length < 8; length++) {
    assert.equal(parseBoxHeader(small.subarray(0, length)), undefined);
  }
  for (let length = 8; length < 16; length++) {
    assert.equal(parseBoxHeader(large.subarray(0, length)), undefined);
  }
});

Deno.test("a box is found by the types on the way to it", () => {
  const bytes = encodeBoxes(box("free"), box("moov", box("free"), box("trak", box("tkhd", u8(7)))));
  assert.deepEqual(findBox(bytes, "moov", "trak", "tkhd"), u8(7));
  assert.equal(findBox(bytes, "moov", "tkhd"), undefined);
  assert.throws(
    () => requireBox(bytes, "moov", "tkhd"),
    new Mp4Error("Cannot parse MP4: expected a box moov/tkhd, got none"),
  );
});

Deno.test("a box that leads nowhere ends the search", () => {
  for (const size of [0, 7, 1000]) {
    const bytes = Uint8Array.from([...u32(size), ...fourCc("free"), ...encodeBoxes(box("moov"))]);
    assert.equal(findBox(bytes, "moov"), undefined);
  }
});
