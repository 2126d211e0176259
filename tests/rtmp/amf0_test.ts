import assert from "node:assert/strict";
import fc from "fast-check";
import { type Amf0Value, readAmf0, writeAmf0 } from "../../src/rtmp/amf0.ts";
import { RtmpError } from "../../src/rtmp/rtmp_error.ts";

const rejected = (message: RegExp) => ({ name: "RtmpError", message });

const { value } = fc.letrec<{ value: Amf0Value }>((tie) => ({
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

Deno.test("values come back as they were written", () => {
  const property = fc.property(fc.array(value, { maxLength: 5 }), (values) => {
    assert.equal(plain(readAmf0(writeAmf0(...values))), plain(values));
  });
  fc.assert(property);
});

Deno.test("long strings, dates, typed objects, ECMA arrays, XML and references are read", () => {
  const long = "x".repeat(70_000);
  assert.deepEqual(readAmf0(writeAmf0(long)), [long]);
  const bytes = Uint8Array.of(
    ...[11, 0x40, 0x8f, 0x40, 0, 0, 0, 0, 0, 0, 0],
    ...[16, 0, 1, 65, 0, 1, 97, 1, 1, 0, 0, 9],
    ...[8, 0, 0, 0, 99, 0, 1, 98, 5, 0, 0, 9],
    ...[15, 0, 0, 0, 2, 60, 62],
    ...[7, 0, 1],
    13,
  );
  const expected = [1000, { a: true }, { b: null }, "<>", undefined, undefined];
  assert.equal(plain(readAmf0(bytes)), plain(expected));
});

Deno.test("a key such as __proto__ is only a key", () => {
  const bytes = writeAmf0(JSON.parse('{"__proto__":{"polluted":1}}'));
  const [object] = readAmf0(bytes);
  assert.deepEqual(Object.keys(object as object), ["__proto__"]);
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
});

Deno.test("nesting of 10 000 levels is an error, not a stack overflow", () => {
  for (const level of [[3, 0, 1, 97], [8, 0, 0, 0, 1, 0, 1, 97], [10, 0, 0, 0, 1]]) {
    const bytes = Uint8Array.from(Array.from({ length: 10_000 }, () => level).flat());
    assert.throws(() => readAmf0(bytes), rejected(/nested deeper than 16/));
  }
});

Deno.test("an array that claims billions of values, or has many, is an error", () => {
  assert.throws(
    () => readAmf0(Uint8Array.of(10, 255, 255, 255, 255)),
    rejected(/expected 1 bytes/),
  );
  const nulls = new Uint8Array(60_000).fill(5);
  assert.throws(() => readAmf0(nulls), rejected(/more than 1024 values/));
});

Deno.test("what is cut off anywhere is an error or fewer values", () => {
  const bytes = writeAmf0("connect", 1, { app: "live", list: [1, "two", { three: true }] });
  for (let length = 0; length < bytes.length; length++) {
    try {
      assert.ok(readAmf0(bytes.subarray(0, length)).length < 3);
    } catch (error) {
      assert.ok(error instanceof RtmpError);
    }
  }
});

Deno.test("any bytes give values or an RtmpError", () => {
  const property = fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    try {
      readAmf0(bytes);
    } catch (error) {
      assert.ok(error instanceof RtmpError);
    }
  });
  fc.assert(property, { numRuns: 2000 });
});
