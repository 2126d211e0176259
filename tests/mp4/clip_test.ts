/** The longest clips: what is refused, and that the longest one is right. */
import assert from "node:assert/strict";
import { makeClip, MAX_CLIP_FRAMES } from "../../src/mp4/clip.ts";
import { FragmentWriter, MAX_FRAGMENT_FRAMES } from "../../src/mp4/fragment.ts";
import { audioConfig } from "../../testing/audio/access_units.ts";
import { MemoryFile } from "../../testing/mp4/memory_file.ts";
import { boxAt, topLevel } from "../../testing/mp4/plain_mp4.ts";
import { header } from "../../testing/mp4/recordings.ts";
import { concat } from "../../testing/bytes.ts";

const SECONDS_A_FRAME = 1024 / 48_000;

Deno.test("a clip of so many frames is made, and of one more is not", () => {
  const { file, lastOffset } = longRecording(MAX_CLIP_FRAMES + MAX_FRAGMENT_FRAMES);
  const clip = (frames: number) =>
    file.run(makeClip(file.length, { from: 0, to: frames * SECONDS_A_FRAME }));
  const longest = clip(MAX_CLIP_FRAMES);
  assert.ok(longest);
  const { head, start, end, frames } = longest;
  assert.equal(frames, MAX_CLIP_FRAMES);
  const chunks = frames / MAX_FRAGMENT_FRAMES;
  const whole = concat([head, file.bytes.subarray(start, end)]);
  assert.deepEqual(topLevel(whole), ["ftyp", "moov", "mdat"]);
  const [stsz, stco] = ["stsz", "stco"].map((type) =>
    boxAt(whole, "moov", "trak", "mdia", "minf", "stbl", type)
  );
  assert.ok(stsz && stco);
  assert.equal(stsz.end - stsz.payload, 12 + 4 * frames);
  const view = new DataView(head.buffer);
  assert.equal(view.getUint32(stco.payload + 4), chunks);
  assert.equal(view.getUint32(stco.end - 4), head.length + lastOffset(chunks) - start);
  assert.equal(end - lastOffset(chunks), MAX_FRAGMENT_FRAMES);
  assert.throws(() => clip(MAX_CLIP_FRAMES + 1), RangeError);
});

/** Frames of one byte, in fragments as long as they may be. */
function longRecording(count: number) {
  const writer = new FragmentWriter();
  const parts = [header(audioConfig())];
  const offsets: number[] = [];
  let length = parts[0]?.length ?? 0;
  for (let first = 0; first < count; first += MAX_FRAGMENT_FRAMES) {
    for (let i = 0; i < MAX_FRAGMENT_FRAMES; i++) writer.add(Uint8Array.of(7));
    const fragment = writer.take(first, 1024).slice();
    parts.push(fragment);
    length += fragment.length;
    offsets.push(length - MAX_FRAGMENT_FRAMES);
  }
  const lastOffset = (chunks: number) => offsets[chunks - 1] ?? NaN;
  return { file: new MemoryFile(...parts), lastOffset };
}
