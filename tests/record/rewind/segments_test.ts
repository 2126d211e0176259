/** Segments of shows: the same whenever they are looked at, and whatever of them is on the disk. */
import assert from "node:assert/strict";
import { PieceIndex } from "../../../src/record/rewind/piece_index.ts";
import { framesPerFragment, framesPerSegment } from "../../../src/record/rewind/show_news.ts";
import { type CopiedPiece, segmentsOf } from "../../../src/record/rewind/show_segments.ts";

const RATES = [8000, 11_025, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000].map((sampleRate) => ({
  sampleRate,
  samplesPerFrame: 1024,
}));

/** What a copy knows of an index. */
function pieceOf(index: PieceIndex, more: Partial<CopiedPiece> = {}): CopiedPiece {
  const facts = {
    ...{ file: "", identity: "", firstFrame: 0, silence: new Uint8Array(6) },
    ...index.rates,
  };
  const starts = index.startsFrom(0);
  const { frames, end } = index;
  return { facts, forgotten: 0, starts, frames, end, silentFragments: 0, over: false, ...more };
}

Deno.test("segments are of six seconds and more, at every rate, and below the target duration", () => {
  for (const rates of RATES) {
    const index = new PieceIndex(rates);
    const frames = framesPerFragment(rates);
    for (let i = 0; i < 100; i++) {
      index.add({ frames: i % 9 === 0 ? 1 : frames, offset: 1000 + i * 50, bytes: 50, wallMs: 0 });
    }
    const segments = segmentsOf([pieceOf(index)]);
    assert.ok(segments.length > 10);
    for (const segment of segments) {
      const seconds = segment.frames * rates.samplesPerFrame / rates.sampleRate;
      assert.ok(seconds >= 6 && Math.round(seconds) <= 10, `${rates.sampleRate}: ${seconds} s`);
      assert.ok(segment.frames >= framesPerSegment(rates));
    }
  }
});

Deno.test("silence makes the same segments before and after it is written", () => {
  for (const rates of RATES) {
    const frames = framesPerFragment(rates);
    for (let before = 1; before <= 15; before++) {
      const index = new PieceIndex(rates);
      const add = (wallMs: number | undefined) =>
        index.add({ frames, offset: index.end, bytes: 10, wallMs });
      for (let i = 0; i < before; i++) add(1000 * i);
      const promised = segmentsOf([pieceOf(index, { silentFragments: 20 })]);
      for (let written = 1; written <= 20; written++) {
        add(undefined);
        const silentFragments = 20 - written;
        const now = segmentsOf([pieceOf(index, { silentFragments })]);
        const told = (segments: typeof now) =>
          segments.map(({ sequence, frame, frames, wallMs }) => [sequence, frame, frames, wallMs]);
        assert.deepEqual(told(now), told(promised));
        for (const { bytes, silentFragments, frames: all } of now) {
          assert.equal(bytes / 10 + silentFragments, all / frames);
        }
      }
    }
  }
});

Deno.test("an index that has forgotten its beginning gives the rest the same numbers", () => {
  const rates = { sampleRate: 48_000, samplesPerFrame: 1024 };
  const index = new PieceIndex(rates);
  for (let i = 0; i < 100; i++) index.add({ frames: 47, offset: i, bytes: 1, wallMs: i });
  const all = segmentsOf([pieceOf(index)]);
  index.forget(30_000);
  assert.ok(index.first > 8);
  const rest = segmentsOf([pieceOf(index, { forgotten: index.first })]);
  assert.deepEqual(rest, all.slice(index.first));
  assert.ok(rest.length >= 5);
});
