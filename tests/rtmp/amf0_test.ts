/** AMF0 values (AMF 0 specification, 2): read, written, and bounded. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { readAmf0, writeAmf0 } from "../../src/rtmp/amf0.ts";
import type { AmfValue } from "../../src/rtmp/amf_value.ts";

const { value } = fc.letrec<{ value: AmfValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.string(),
    fc.double({ noNaN: true }),
    fc.boolean(),
    fc.constantFrom(null, undefined),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.string({ minLength: 1 }), tie("value"), {
      maxKeys: 4,
      noNullPrototype: false,
    }),
  ),
}));

/** Objects are read without a prototype, which deepStrictEqual would mind. */
const plain = (value: unknown) =>
  JSON.stringify(value, (_key, value) => value === undefined ? "undefined" : value);

/** All values of what can be read to its end. */
function readWhole(bytes: Uint8Array): readonly AmfValue[] {
  const { values, problem } = readAmf0(bytes);
  assert.equal(problem, undefined);
  return values;
}

Deno.test("values come back as they were written", () => {
  const property = fc.property(fc.array(value, { maxLength: 5 }), (values) => {
    assert.equal(plain(readWhole(writeAmf0(...values))), plain(values));
  });
  fc.assert(property);
});

Deno.test("long strings, dates, typed objects, ECMA arrays, XML and references are read", () => {
  const long = "x".repeat(70_000);
  assert.deepEqual(readWhole(writeAmf0(long)), [long]);
  const bytes = Uint8Array.of(
    ...[11, 0x40, 0x8f, 0x40, 0, 0, 0, 0, 0, 0, 0],
    ...[16, 0, 1, 65, 0, 1, 97, 1, 1, 0, 0, 9],
    ...[8, 0, 0, 0, 99, 0, 1, 98, 5, 0, 0, 9],
    ...[15, 0, 0, 0, 2, 60, 62],
    ...[7, 0, 1],
    13,
  );
  const expected = [1000, { a: true }, { b: null }, "<>", undefined, undefined];
  assert.equal(plain(readWhole(bytes)), plain(expected));
});

Deno.test("text that is no UTF-8 is taken for what Windows writes", () => {
  const latin = Uint8Array.of(2, 0, 5, 0x43, 0x61, 0x66, 0xe9, 0x93);
  assert.deepEqual(readWhole(latin), ["Café“"]);
});

Deno.test("a key such as __proto__ is only a key", () => {
  const bytes = writeAmf0(JSON.parse('{"__proto__":{"polluted":1}}'));
  const [object] = readWhole(bytes);
  assert.deepEqual(Object.keys(object as object), ["__proto__"]);
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
});

Deno.test("nesting of 10 000 levels is a problem, not a stack overflow", () => {
  for (const level of [[3, 0, 1, 97], [8, 0, 0, 0, 1, 0, 1, 97], [10, 0, 0, 0, 1]]) {
    const bytes = Uint8Array.from(Array.from({ length: 10_000 }, () => level).flat());
    assert.match(readAmf0(bytes).problem ?? "", /nested deeper than 16/);
  }
});

Deno.test("an array that claims billions of values, or has many, is read as far as it goes", () => {
  const claimed = readAmf0(Uint8Array.of(10, 255, 255, 255, 255, 1, 1));
  assert.match(claimed.problem ?? "", /expected 1 bytes/);
  assert.deepEqual(claimed.values, [[true]]);
  const nulls = new Uint8Array(60_000).fill(5);
  const many = readAmf0(nulls);
  assert.match(many.problem ?? "", /more than 1024 values/);
  assert.equal(many.values.length, 1024);
});

Deno.test("the values before one that cannot be read are there", () => {
  const unreadable = 4; // movieclip-marker, reserved
  const bytes = Uint8Array.of(
    ...writeAmf0("onMetaData"),
    ...[3, 0, 1, 97, 1, 1, 0, 1, 98, unreadable],
  );
  const { values, problem } = readAmf0(bytes);
  assert.equal(plain(values), plain(["onMetaData", { a: true }]));
  assert.match(problem ?? "", /unknown marker 4/);
});

Deno.test("wherever values are cut off, those before the cut are there", () => {
  const whole = ["connect", 1, { app: "live", list: [1, "two", { three: true }] }];
  const bytes = writeAmf0(...whole);
  for (let length = 0; length < bytes.length; length++) {
    const { values, problem } = readAmf0(bytes.subarray(0, length));
    assert.equal(problem === undefined, [0, 10, 19].includes(length));
    if (length >= 10) assert.equal(values[0], "connect");
    if (length > 32) assert.match(plain(values[2]), /"app":"live"/);
  }
});

Deno.test("any bytes give values and perhaps a problem", () => {
  const property = fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    readAmf0(bytes);
  });
  fc.assert(property, { numRuns: 2000 });
});
