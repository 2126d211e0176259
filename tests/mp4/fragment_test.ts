/** Movie fragments (ISO/IEC 14496-12 8.8): what is written is what is read. */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Fragment,
  FragmentWriter,
  MAX_FRAGMENT_BYTES,
  MAX_FRAGMENT_FRAMES,
  MAX_FRAGMENT_HEADER_BYTES,
  parseFragment as parse,
} from "../../src/mp4/fragment.ts";
import { boxAt, boxesIn } from "../../testing/mp4/plain_mp4.ts";
import { fragments, someFrames } from "../../testing/mp4/recordings.ts";

Deno.test("a fragment is one moof and one mdat of the access units", () => {
  const [bytes] = fragments([Uint8Array.of(1, 2, 3), Uint8Array.of(4)], 2, 100);
  assert.ok(bytes);
  const [moof, mdat] = boxesIn(bytes);
  assert.deepEqual([moof?.type, mdat?.type], ["moof", "mdat"]);
  assert.deepEqual([...bytes.subarray(mdat?.payload)], [1, 2, 3, 4]);

  const words = (...path: string[]) => {
    const box = boxAt(bytes, "moof", ...path);
    const view = new DataView(bytes.buffer, bytes.byteOffset + box.payload, box.end - box.payload);
    return Array.from({ length: view.byteLength / 4 }, (_, i) => view.getUint32(4 * i));
  };
  assert.deepEqual(words("mfhd"), [0, 101]);
  assert.deepEqual(words("traf", "tfhd"), [0x020000, 1]);
  assert.deepEqual(words("traf", "tfdt"), [0x01000000, 0, 102400]);
  assert.deepEqual(words("traf", "trun"), [0x201, 2, mdat?.payload, 3, 1]);
});

Deno.test("decode times go beyond 32 bits", () => {
  const frames = 2 ** 24;
  const [bytes] = fragments([Uint8Array.of(1)], 1, frames);
  assert.ok(bytes);
  const tfdt = boxAt(bytes, "moof", "traf", "tfdt").payload + 4;
  assert.equal(new DataView(bytes.buffer).getBigUint64(tfdt), BigInt(frames) * 1024n);
  assert.equal(parseFragment(bytes)?.frames, 1);
});

Deno.test("decode times count the samples of the frames before", () => {
  const writer = new FragmentWriter();
  writer.add(Uint8Array.of(1));
  const bytes = writer.take(3, 576).slice();
  const tfdt = boxAt(bytes, "moof", "traf", "tfdt").payload + 4;
  assert.equal(new DataView(bytes.buffer).getBigUint64(tfdt), 3n * 576n);
  assert.equal(parse(bytes, 576)?.frames, 1);
  assert.equal(parse(bytes, 1152), undefined);
});

Deno.test("what is read from a fragment is what was written, whatever the access units", () => {
  const frame = fc.uint8Array({ maxLength: 2000 });
  fc.assert(fc.property(
    fc.array(frame, { minLength: 1, maxLength: MAX_FRAGMENT_FRAMES }),
    fc.nat(2 ** 31),
    (frames, firstFrame) => {
      const [bytes] = fragments(frames, MAX_FRAGMENT_FRAMES, firstFrame);
      assert.ok(bytes);
      const fragment = parseFragment(bytes.subarray(0, MAX_FRAGMENT_HEADER_BYTES));
      assert.ok(fragment);
      assert.equal(fragment.frames, frames.length);
      assert.equal(fragment.totalBytes, bytes.length);
      const sizes = new DataView(fragment.sizes.slice().buffer);
      assert.deepEqual(
        frames.map((_, i) => sizes.getUint32(4 * i)),
        frames.map((frame) => frame.length),
      );
      const data = frames.reduce((sum, frame) => sum + frame.length, 0);
      assert.equal(fragment.headerBytes + data, bytes.length);
    },
  ));
});

Deno.test("headers that are cut off or changed anywhere are no fragment", () => {
  const [bytes] = fragments(someFrames(5), 5, 42);
  assert.ok(bytes);
  const fragment = parseFragment(bytes);
  assert.ok(fragment);
  for (let length = 0; length < fragment.headerBytes; length++) {
    assert.equal(parseFragment(bytes.subarray(0, length)), undefined);
  }
  for (let at = 0; at < fragment.headerBytes; at++) {
    const changed = bytes.slice();
    changed[at] = (changed[at] ?? 0) ^ 1;
    assert.equal(parseFragment(changed), undefined, `byte ${at}`);
  }
});

Deno.test("whatever the bytes, the reader of fragments does not fail", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
    assert.equal(parseFragment(bytes), undefined);
  }));
});

Deno.test("a writer that has taken nothing has nothing to give", () => {
  const writer = new FragmentWriter();
  assert.equal(writer.take(0, 1024).length, 0);
  writer.add(Uint8Array.of(1));
  writer.take(0, 1024);
  assert.equal(writer.take(1, 1024).length, 0);
});

Deno.test("a writer copies what it is given, and is used again", () => {
  const writer = new FragmentWriter();
  const data = Uint8Array.of(1, 2, 3);
  writer.add(data);
  data.fill(0);
  assert.deepEqual([...writer.take(7, 1024).subarray(-3)], [1, 2, 3]);
  writer.add(data);
  assert.equal(parseFragment(writer.take(8, 1024))?.frames, 1);
});

Deno.test("a fragment is full at its bounds, in frames and in bytes", () => {
  const writer = new FragmentWriter();
  for (let i = 0; i < MAX_FRAGMENT_FRAMES; i++) writer.add(Uint8Array.of(i));
  assert.equal(writer.fits(0), false);
  assert.throws(() => writer.add(Uint8Array.of(1)), RangeError);
  assert.equal(parseFragment(writer.take(0, 1024))?.frames, MAX_FRAGMENT_FRAMES);

  const large = new Uint8Array(65536).fill(9);
  while (writer.fits(large.length)) writer.add(large);
  assert.equal(writer.frames, MAX_FRAGMENT_BYTES / large.length);
  const fragment = writer.take(MAX_FRAGMENT_FRAMES, 1024);
  assert.equal(parseFragment(fragment)?.totalBytes, fragment.length);
  assert.ok(fragment.subarray(-MAX_FRAGMENT_BYTES).every((byte) => byte === 9));
});

function parseFragment(bytes: Uint8Array): Fragment | undefined {
  return parse(bytes, 1024);
}
