/** Title and artist in ID3 tags: of all versions and encodings, and damaged ones. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { readId3Texts, writeId3Texts } from "../../src/audio/id3_texts.ts";

const ascii = (text: string) => [...text].map((character) => character.charCodeAt(0));
const size4 = (n: number) => [n >> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255];
const synchsafe = (n: number) => [21, 14, 7, 0].map((shift) => (n >> shift) & 127);

function tag(version: number, frames: readonly number[], flags = 0): Uint8Array {
  return Uint8Array.from([
    ...ascii("ID3"),
    ...[version, 0, flags],
    ...synchsafe(frames.length),
    ...frames,
  ]);
}

const frame3 = (id: string, data: readonly number[]) => [
  ...ascii(id),
  ...size4(data.length),
  ...[0, 0],
  ...data,
];
const frame4 = (id: string, data: readonly number[], flags = 0) => [
  ...ascii(id),
  ...synchsafe(data.length),
  ...[0, flags],
  ...data,
];
const frame2 = (id: string, data: readonly number[]) => [
  ...ascii(id),
  ...size4(data.length).slice(1),
  ...data,
];

const titleOf = (bytes: Uint8Array) => readId3Texts(bytes)?.title;

Deno.test("what is written is read again", () => {
  for (const texts of [{ title: "Für Elise 😀", artist: "Ludwig" }, { title: "", artist: "" }]) {
    assert.deepEqual(readId3Texts(writeId3Texts(texts)), texts);
  }
  const unknown = { title: undefined, artist: undefined };
  assert.deepEqual(readId3Texts(writeId3Texts(unknown)), { title: "", artist: "" });
  const long = "x".repeat(5000);
  assert.equal(titleOf(writeId3Texts({ title: long, artist: undefined })), long);
});

Deno.test("tags of the versions 2.2, 2.3 and 2.4 are read", () => {
  const song = [0, ...ascii("Song")];
  const band = [3, ...ascii("Band"), 0];
  const expected = { title: "Song", artist: "Band" };
  assert.deepEqual(
    readId3Texts(tag(2, [...frame2("TT2", song), ...frame2("TP1", band)])),
    expected,
  );
  assert.deepEqual(
    readId3Texts(
      tag(3, [...frame3("PRIV", [1, 2]), ...frame3("TIT2", song), ...frame3("TPE1", band)]),
    ),
    expected,
  );
  assert.deepEqual(
    readId3Texts(tag(4, [...frame4("TIT2", song), ...frame4("TPE1", band), 0, 0, 0, 0])),
    expected,
  );
  assert.deepEqual(readId3Texts(tag(4, frame4("TIT2", song))), {
    title: "Song",
    artist: undefined,
  });
});

Deno.test("each encoding is read, and text that is in another one than it says", () => {
  const utf8 = [...new TextEncoder().encode("Café 😀")];
  for (
    const [data, text] of [
      [[0, ...ascii("Caf"), 0xe9], "Café"],
      [[3, ...utf8], "Café 😀"],
      [[0, ...utf8], "Café 😀"],
      [[3, ...ascii("Caf"), 0xe9], "Café"],
      [[0, 0x93, ...ascii("Song"), 0x94], "“Song”"],
      [[1, 0xff, 0xfe, 0x43, 0, 0xe9, 0], "Cé"],
      [[1, 0xfe, 0xff, 0, 0x43, 0, 0xe9], "Cé"],
      [[2, 0, 0x43, 0, 0xe9], "Cé"],
      [[1, 0xff, 0xfe, 0x43, 0, 0], "C�"],
      [[9, ...ascii("Odd")], "Odd"],
      [[3, ...ascii("One\0Two\0")], "One / Two"],
      [[], ""],
    ] as const
  ) {
    assert.equal(titleOf(tag(4, frame4("TIT2", data))), text);
  }
});

Deno.test("what stands around a text is taken away: flags, extended headers, unsynchronisation", () => {
  const song = [0, ...ascii("Song")];
  assert.equal(titleOf(tag(4, frame4("TIT2", [7, 0, 0, 0, 5, ...song], 0x41))), "Song");
  assert.equal(titleOf(tag(4, frame4("TIT2", song, 0x08))), undefined);
  assert.equal(titleOf(tag(4, frame4("TIT2", [3, 0xff, 0, 0x61], 0x02))), "ÿa");
  const unsynchronised = frame3("TIT2", [0, 0xff, 0x61]).toSpliced(-1, 0, 0);
  assert.equal(titleOf(tag(3, unsynchronised, 0x80)), "ÿa");
  assert.equal(titleOf(tag(4, [0, 0, 0, 6, 1, 0, ...frame4("TIT2", song)], 0x40)), "Song");
  assert.equal(
    titleOf(tag(3, [0, 0, 0, 6, 0, 0, 0, 0, 0, 0, ...frame3("TIT2", song)], 0x40)),
    "Song",
  );
});

Deno.test("bytes that are no tag have no texts, and a tag that is cut has what came", () => {
  for (const bytes of [[], ascii("ID3"), ascii("ID4xxxxxxxxxxxx"), [...tag(9, [])]]) {
    assert.equal(readId3Texts(Uint8Array.from(bytes)), undefined);
  }
  assert.equal(titleOf(tag(4, frame4("TIT2", [0, ...ascii("Song")])).subarray(0, 23)), "So");
});

Deno.test("no bytes break it", () => {
  const part = fc.oneof(
    fc.uint8Array({ maxLength: 12 }),
    fc.constantFrom(...["TIT2", "TPE1", "TT2"].map((id) => new TextEncoder().encode(id))),
  );
  fc.assert(
    fc.property(fc.constantFrom(2, 3, 4), fc.nat(255), fc.array(part), (version, flags, parts) => {
      const frames = parts.flatMap((bytes) => [...bytes]);
      readId3Texts(tag(version, frames, flags));
    }),
  );
});
