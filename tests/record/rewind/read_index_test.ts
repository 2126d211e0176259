/** What is read of a recording in order to know where its segments are. */
import assert from "node:assert/strict";
import { PieceIndex } from "../../../src/record/rewind/piece_index.ts";
import { readIndex } from "../../../src/record/rewind/read_index.ts";
import { audioConfig } from "../../../testing/audio/access_units.ts";
import { concat } from "../../../testing/bytes.ts";
import { fragments, header } from "../../../testing/mp4/recordings.ts";

const SECONDS = 120;
/** Of a second at 128 kb/s. */
const FRAMES = 47;
const FRAME_BYTES = 341;

Deno.test("the audio of a recording is passed over", () => {
  const config = audioConfig();
  const frames = Array.from({ length: SECONDS * FRAMES }, () => new Uint8Array(FRAME_BYTES));
  const file = concat([header(config), ...fragments(frames, FRAMES)]);
  const index = new PieceIndex(config);
  const extent = { firstFrame: 0, endFrame: Infinity, startTime: 0 };
  const steps = readIndex(file.length, extent, index);
  let bytesRead = 0;
  for (let step = steps.next(); !step.done;) {
    const { value } = step;
    assert.ok(value.kind === "read");
    bytesRead += value.length;
    step = steps.next(file.slice(value.offset, value.offset + value.length));
  }
  assert.equal(index.frames, frames.length);
  assert.ok(bytesRead < file.length / 3, `${bytesRead} of ${file.length}`);
});
