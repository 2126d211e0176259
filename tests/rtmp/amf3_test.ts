/** AMF3 values (AMF 3 specification, 3) among AMF0 ones. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { readAmf0, writeAmf0 } from "../../src/rtmp/amf0.ts";
import type { AmfValue } from "../../src/rtmp/amf_value.ts";
import { writeAmf3 } from "../../testing/rtmp/amf3_writer.ts";

const { value } = fc.letrec<{ value: AmfValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.string(),
    fc.string({ unit: "grapheme" }),
    fc.double({ noNaN: true }),
    fc.integer(),
    fc.boolean(),
    fc.constantFrom(null, undefined, -(2 ** 28), 2 ** 28 - 1, 2 ** 28),
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

/** Behind AMF0's avmplus-object-marker, as whole. */
function read(...bytes: number[]): unknown {
  const { values, problem } = readAmf0(Uint8Array.of(0x11, ...bytes));
  assert.equal(problem, undefined);
  assert.equal(values.length, 1);
  return JSON.parse(plain(values[0]) ?? "");
}

function problemOf(...bytes: number[]): string {
  const { problem = "none" } = readAmf0(Uint8Array.of(0x11, ...bytes));
  return problem;
}

const text = (text: string) => [text.length << 1 | 1, ...new TextEncoder().encode(text)];
const double1000 = [0x40, 0x8f, 0x40, 0, 0, 0, 0, 0];

Deno.test("AMF3 values come back as they were written, among AMF0 values", () => {
  const property = fc.property(value, (value) => {
    const bytes = Uint8Array.of(...writeAmf0("a"), ...writeAmf3(value), ...writeAmf0("b"));
    assert.equal(plain(readAmf0(bytes)), plain({ values: ["a", value, "b"], problem: undefined }));
  });
  fc.assert(property, { numRuns: 500 });
});

Deno.test("an object as encoders send it is read", () => {
  const song = [0x0a, 0x0b, 0x01, ...text("title"), 0x06, ...text("Song"), 0x01];
  assert.deepEqual(read(...song), { title: "Song" });
});

Deno.test("sealed members, dynamic ones and a class by reference are read", () => {
  const first = [0x0a, 0b0010_1011, ...text("C"), ...text("a"), ...text("b"), 4, 1, 4, 2, 1];
  const second = [0x0a, 0b0001, 4, 3, 4, 4, ...text("c"), 4, 5, 1];
  assert.deepEqual(read(9, 0b101, 1, ...first, ...second), [{ a: 1, b: 2 }, { a: 3, b: 4, c: 5 }]);
});

Deno.test("an array with names is an object; strings and objects come by reference too", () => {
  assert.deepEqual(read(9, 0b11, ...text("k"), 6, 0, 1, 6, 0), { k: "k", 0: "k" });
  const shared = [0x0a, 0x0b, 1, ...text("k"), 3, 1];
  assert.deepEqual(read(9, 0b101, 1, ...shared, 0x0a, 0b10), [{ k: true }, { k: true }]);
});

Deno.test("dates, XML, byte arrays, vectors and dictionaries are read or passed over", () => {
  const cases: [bytes: number[], expected: unknown][] = [
    [[8, 1, ...double1000], 1000],
    [[7, 5, 60, 62], "<>"],
    [[11, 5, 60, 62], "<>"],
    [[12, 7, 1, 2, 3], "undefined"],
    [[13, 5, 0, 0, 0, 0, 1, 0, 0, 0, 2], "undefined"],
    [[14, 3, 0, 0, 0, 0, 1], "undefined"],
    [[15, 3, 1, ...double1000], "undefined"],
    [[16, 5, 0, ...text("C"), 3, 3], "undefined"],
    [[17, 3, 0, 6, ...text("k"), 3], "undefined"],
  ];
  for (const [bytes, expected] of cases) {
    assert.deepEqual(read(9, 0b101, 1, ...bytes, 4, 7), [expected, 7]);
    // The second by reference to the first, behind the array itself.
    assert.deepEqual(read(9, 0b101, 1, ...bytes, bytes[0] ?? 0, 0b10), [expected, expected]);
  }
});

Deno.test("an object that holds itself is read", () => {
  const { values: [object] } = readAmf0(
    Uint8Array.of(0x11, 0x0a, 0x0b, 1, ...text("me"), 0x0a, 0, 1),
  );
  assert.ok(typeof object === "object" && object !== null && !Array.isArray(object));
  assert.equal(object.me, object);
});

Deno.test("a key such as __proto__ is only a key", () => {
  const bytes = writeAmf3(JSON.parse('{"__proto__":{"polluted":1}}'));
  const { values: [object] } = readAmf0(bytes);
  assert.deepEqual(Object.keys(object ?? {}), ["__proto__"]);
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
});

Deno.test("references to nothing, unknown markers and classes of their own form are a problem", () => {
  assert.match(problemOf(6, 0), /reference 0 of 0/);
  assert.match(problemOf(0x0a, 2), /reference 1 of 0/);
  assert.match(problemOf(0x0a, 0b0001), /reference 0 of 0/);
  assert.match(problemOf(18), /unknown marker 18/);
  assert.match(problemOf(0x0a, 0b0111, ...text("C")), /form of its own class/);
});

Deno.test("depth, number of values and claimed lengths are bounded", () => {
  const nested = Array.from({ length: 10_000 }, () => [9, 0b11, 1]).flat();
  assert.match(problemOf(...nested), /nested deeper than 16/);
  assert.match(
    problemOf(9, 0xff, 0xff, 0xff, 0xff, 1, ...new Array(5000).fill(1)),
    /more than 1024/,
  );
  for (const marker of [6, 7, 9, 12, 13, 15]) {
    assert.match(problemOf(marker, 0xff, 0xff, 0xff, 0xff), /expected \d+ bytes at/);
  }
  for (const marker of [16, 17]) {
    const claimed = problemOf(marker, 0xff, 0xff, 0xff, 0xff, 0, 1, ...new Array(5000).fill(1));
    assert.match(claimed, /more than 1024/);
  }
});

Deno.test("of what is cut off anywhere, what stands before is there", () => {
  const bytes = writeAmf3({ title: "Song", artist: "Band", list: [1, { deep: true }] });
  for (let length = 1; length < bytes.length; length++) {
    const { values, problem } = readAmf0(bytes.subarray(0, length));
    assert.match(problem ?? "", /^Cannot read AMF: expected/);
    const read = plain(values[0] ?? {});
    if (length > 16) assert.match(read, /"title":"Song"/);
  }
});

Deno.test("any bytes give values and perhaps a problem", () => {
  const marker = fc.integer({ min: 0, max: 17 });
  const bytes = fc.uint8Array({ maxLength: 200 });
  const property = fc.property(marker, bytes, (marker, bytes) => {
    readAmf0(Uint8Array.of(0x11, marker, ...bytes));
  });
  fc.assert(property, { numRuns: 5000 });
});
