/** How titles stand between the bytes of an endless stream. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { icyBlock, icyInterval, IcySource } from "../../../src/hls/progressive/icy_metadata.ts";
import { StreamRing } from "../../../src/hls/progressive/stream_ring.ts";
import { concat } from "../../../testing/bytes.ts";
import { readIcy, titleIn } from "../../../testing/hls/icy_stream.ts";

Deno.test("a block says how long it is in units of 16 bytes, and holds the title", () => {
  const block = icyBlock("Ella – Misty");
  assert.equal(block.length, 1 + 16 * Number(block[0]));
  assert.equal(titleIn(block.subarray(1)), "Ella – Misty");
  assert.equal(titleIn(icyBlock("").subarray(1)), "");
});

Deno.test("a title ends at the first quote and semicolon, so that it has none", () => {
  const text = new TextDecoder().decode(icyBlock("It's 'this'; 'that'").subarray(1));
  assert.match(text, /^StreamTitle='It's 'this’; 'that'';\0*$/);
  assert.equal(text.indexOf("';"), text.lastIndexOf("';"));
});

Deno.test("a title that is too long is cut between characters", () => {
  for (const character of ["a", "é", "語", "🎵"]) {
    for (const shift of ["", "x", "xx", "xxx"]) {
      const block = icyBlock(shift + character.repeat(4100));
      assert.equal(block.length, 1 + 255 * 16);
      const title = titleIn(block.subarray(1));
      assert.ok(title !== undefined && !title.includes("\ufffd"));
      assert.match(title, new RegExp(`^${shift}(?:${character})+$`));
      const { length } = new TextEncoder().encode(title);
      assert.ok(length > 255 * 16 - "StreamTitle='';".length - 4, `${length}`);
    }
  }
});

Deno.test("0.3 s of audio at most stand between two blocks", () => {
  assert.equal(icyInterval(16_400), 4000);
  assert.equal(icyInterval(40_000), 12_000);
  assert.equal(icyInterval(60_000), 16_000);
  assert.equal(icyInterval(8200), 2000);
  assert.equal(icyInterval(300), 1000);
});

Deno.test("audio comes out whole between the blocks, whatever the chunks and the writes", () => {
  fc.assert(fc.property(
    fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 40 }),
    fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 10 }),
    fc.integer({ min: 1, max: 200 }),
    (lengths, writes, interval) => {
      const ring = new StreamRing();
      const source = new IcySource(ring.join(), interval);
      const audio: number[] = [];
      const sent: number[] = [];
      let turn = 0;
      const pump = () => {
        for (let tries = 0; tries < 3; tries++) {
          const bytes = source.next();
          if (bytes === undefined || bytes.length === 0) continue;
          const count = Math.min(bytes.length, writes[turn++ % writes.length] ?? 1);
          sent.push(...bytes.subarray(0, count));
          source.sent(count);
        }
      };
      for (const [i, length] of lengths.entries()) {
        const bytes = new Uint8Array(length).map((_, at) => (audio.length + at) % 251);
        audio.push(...bytes);
        const titles = i % 3 === 0 ? [{ at: length >> 1, title: `title ${i}` }] : [];
        ring.add({ bytes, durationMs: 20, titles }, Infinity);
        pump();
      }
      ring.end();
      for (let i = 0; i < 20_000 && source.next() !== undefined; i++) pump();
      fc.pre(source.next() === undefined);
      assert.deepEqual([...readIcy(Uint8Array.from(sent), interval).audio], audio);
    },
  ));
});

/** Bytes of each 200 ms: how a show goes on around a title, before it and behind it. */
const TURNS = {
  "nothing changes": [3200, 3200],
  "sound follows silence": [112, 3200],
  "silence follows sound": [3200, 112],
  "the bitrate is half as much": [1600, 1600],
  "the bitrate doubles": [1600, 3200],
  "the bitrate halves": [3200, 1600],
} as const;

for (const [what, [before, behind]] of Object.entries(TURNS)) {
  Deno.test(`where ${what}, a title stands within half a second of its audio`, () => {
    for (let chunks = 20; chunks < 40; chunks++) {
      const ring = new StreamRing();
      const lengths = [
        ...Array.from({ length: 20 }, () => 3200),
        ...Array.from({ length: chunks }, () => before),
        ...Array.from({ length: 200 }, () => behind),
      ];
      const source = new IcySource(ring.join(), icyInterval(16_000));
      const sent: Uint8Array[] = [];
      for (const [i, length] of lengths.entries()) {
        const titles = i === 20 + chunks ? [{ at: 0, title: "next" }] : [];
        ring.add({ bytes: new Uint8Array(length), durationMs: 200, titles }, Infinity);
        for (let bytes = source.next(); bytes && bytes.length > 0; bytes = source.next()) {
          sent.push(bytes);
          source.sent(bytes.length);
        }
      }
      const { titles } = readIcy(concat(sent), icyInterval(16_000));
      const { position = NaN } = titles.find(({ title }) => title === "next") ?? {};
      const atMs = playedMs(lengths, position);
      const offMs = atMs - 200 * (20 + chunks);
      assert.ok(Math.abs(offMs) <= 500, `${offMs} ms behind, after ${chunks} pieces`);
    }
  });
}

/** The playing time up to a byte. */
function playedMs(lengths: readonly number[], position: number): number {
  let start = 0;
  for (const [i, length] of lengths.entries()) {
    if (position < start + length) return 200 * (i + (position - start) / length);
    start += length;
  }
  return NaN;
}

Deno.test("a title is told once, and its block is one for all listeners", () => {
  const ring = new StreamRing();
  const [one, other] = [ring.join(), ring.join()];
  for (let i = 0; i < 60; i++) {
    const titles = i === 1 ? [{ at: 0, title: "a" }] : [];
    ring.add({ bytes: new Uint8Array(50), durationMs: 100, titles }, 1e9);
  }
  one.next();
  other.next();
  assert.ok(one.blockAhead(10) === other.blockAhead(49));
  const { audio, titles } = readIcy(sentBy(new IcySource(one, 120)), 120);
  assert.deepEqual(titles.map(({ title }) => title), ["a"]);
  assert.ok(audio.length > 2000);
});

Deno.test("a block goes out together with the audio around it", () => {
  const ring = new StreamRing();
  const source = new IcySource(ring.join(), 1000);
  for (let i = 0; i < 10; i++) {
    ring.add({ bytes: new Uint8Array(3200), durationMs: 200, titles: [] }, Infinity);
  }
  const pieces: number[] = [];
  for (let bytes = source.next(); bytes && bytes.length > 0; bytes = source.next()) {
    pieces.push(bytes.length);
    source.sent(bytes.length);
  }
  const blocks = [icyBlock("").length + 2, 3, 3, 3, 3];
  assert.deepEqual(pieces.slice(0, 5), blocks.map((bytes) => 3200 + bytes));
});

/** All that it sends until more has to come. */
function sentBy(source: IcySource): Uint8Array {
  const sent: Uint8Array[] = [];
  for (let bytes = source.next(); bytes && bytes.length > 0; bytes = source.next()) {
    sent.push(bytes);
    source.sent(bytes.length);
  }
  return concat(sent);
}

Deno.test("in silence, of which a second has few bytes, no block waits for more than a second of it", () => {
  const ring = new StreamRing();
  const source = new IcySource(ring.join(), 16_000);
  let sentBytes = 0;
  let waitedMs = 0;
  for (let i = 0; i < 600; i++) {
    const bytes = new Uint8Array(i < 50 ? 3200 : 112);
    ring.add({ bytes, durationMs: 200, titles: [] }, 20_000);
    const before = sentBytes;
    for (let part = source.next(); part && part.length > 0; part = source.next()) {
      source.sent(part.length);
      sentBytes += part.length;
    }
    waitedMs = sentBytes === before ? waitedMs + 200 : 0;
    assert.ok(waitedMs <= 1000, `nothing is sent for ${waitedMs} ms`);
  }
  assert.equal(ring.listeners, 1);
});
