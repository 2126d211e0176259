/** How titles stand between the bytes of an endless stream. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { icyBlock, icyInterval, IcySource } from "../../../src/hls/progressive/icy_metadata.ts";
import { StreamRing } from "../../../src/hls/progressive/stream_ring.ts";
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

Deno.test("a second of audio at most stands between two blocks", () => {
  assert.equal(icyInterval(16_400), 16_000);
  assert.equal(icyInterval(40_000), 16_000);
  assert.equal(icyInterval(8200), 8000);
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

Deno.test("a title stands within half an interval of its first byte of audio", () => {
  const interval = 1000;
  const ring = new StreamRing();
  const source = new IcySource(ring.join(), interval);
  const sent: Uint8Array[] = [];
  const begins = new Map<string, number>();
  for (let i = 0, position = 0; i < 200; i++, position += 130) {
    const titles = i % 17 === 5 ? [{ at: 65, title: `title ${i}` }] : [];
    for (const { at, title } of titles) begins.set(title, position + at);
    ring.add({ bytes: new Uint8Array(130), durationMs: 100, titles }, Infinity);
    for (let bytes = source.next(); bytes && bytes.length > 0; bytes = source.next()) {
      sent.push(bytes);
      source.sent(bytes.length);
    }
  }
  const { titles } = readIcy(new Uint8Array(sent.flatMap((bytes) => [...bytes])), interval);
  assert.deepEqual(titles.map(({ title }) => title), [...begins.keys()]);
  for (const { title, position } of titles) {
    const offBytes = Math.abs(position - (begins.get(title) ?? NaN));
    assert.ok(offBytes <= interval / 2, `${title} is ${offBytes} bytes off`);
  }
});

Deno.test("a title is told once, and its block is one for all listeners", () => {
  const ring = new StreamRing();
  const [one, other] = [ring.join(), ring.join()];
  ring.add({ bytes: new Uint8Array(50), durationMs: 100, titles: [{ at: 0, title: "a" }] }, 1e9);
  assert.ok(one.blockAhead(10) === other.blockAhead(49));
  assert.equal(one.blockAhead(50), undefined);
  const source = new IcySource(one, 10);
  const blocks: number[] = [];
  for (let bytes = source.next(); bytes && bytes.length > 0; bytes = source.next()) {
    if (bytes.length !== 10) blocks.push(bytes.length);
    source.sent(bytes.length);
  }
  assert.deepEqual(blocks, [icyBlock("a").length, 1, 1, 1]);
});

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
