/** What a copy of a show keeps of it while the show goes on. */
import assert from "node:assert/strict";
import { ShowCopy } from "../../../src/record/rewind/show_copy.ts";
import { NOTHING_FORGOTTEN } from "../../../src/record/rewind/show_news.ts";
import { ShowPiece } from "../../../src/record/rewind/show_piece.ts";

const RATES = { sampleRate: 48_000, samplesPerFrame: 1024 };
/** A file that is open to be written, as far as a piece looks at it. */
const PART = { file: "demo.mp4", identity: "17-1", continues: undefined };

Deno.test("a copy forgets the segments that the index has forgotten", () => {
  const piece = new ShowPiece(RATES, 0, () => {});
  const copy = new ShowCopy(0, 60_000);
  for (let second = 0; second < 3600; second++) {
    const wallMs = second * 1000;
    piece.written(PART, { frames: 47, offset: second * 50, bytes: 50, wallMs });
    piece.index.forget(120_000);
    const news = piece.news(copy.known.segments);
    copy.take({
      start: 0,
      ended: false,
      forgotten: NOTHING_FORGOTTEN,
      pieces: news === undefined ? [] : [news],
    });
  }
  assert.ok(copy.known.segments > 590);
  assert.ok(copy.copiedSegments < 25, `${copy.copiedSegments} are kept`);
});
