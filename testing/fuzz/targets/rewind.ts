/** What reads recordings for clips and for shows that are rewound, and what asks for these. */
import assert from "node:assert/strict";
import { z } from "zod";
import { Mp4Error } from "../../../src/mp4/boxes.ts";
import { makeClip } from "../../../src/mp4/clip.ts";
import { clipTimes } from "../../../src/record/clip_answer.ts";
import { parseKeptShow } from "../../../src/record/rewind/kept_shows.ts";
import { PieceIndex } from "../../../src/record/rewind/piece_index.ts";
import { readIndex } from "../../../src/record/rewind/read_index.ts";
import { parseShowFile } from "../../../src/record/rewind/show_playlist.ts";
import { MemoryFile } from "../../mp4/memory_file.ts";
import { topLevel } from "../../mp4/plain_mp4.ts";
import { recordings } from "../seeds.ts";
import { about, bytesOf, type Target, textOf } from "../target.ts";
import { bounded } from "./files.ts";

const RATES = { sampleRate: 48_000, samplesPerFrame: 1024 };
const SHOW = JSON.stringify({
  start: 1_795_443_120_123,
  pieces: [{
    ...{ file: "demo.20261123T141200Z.mp4.part", identity: "17-1", firstFrame: 0, ...RATES },
    ...{ startTime: 1_795_443_120_123, silentFragments: 6, silence: "21000000001c" },
  }],
});

export const REWIND_TARGETS: readonly Target[] = [
  {
    name: "mp4_clip",
    errors: [Mp4Error],
    tokens: ["moof", "mdat", "moov"],
    seeds: recordings,
    run: (input) => {
      const [from, to] = [(input[0] ?? 0) / 500, (input[1] ?? 0) / 200];
      const clip = new MemoryFile(input).run(bounded(makeClip(input.length, { from, to })));
      if (clip === undefined) return "nothing";
      const { head, start, end, frames } = clip;
      assert.ok(start < end && end <= input.length && frames > 0);
      const whole = new Uint8Array(head.length + end - start);
      whole.set(head);
      assert.deepEqual(topLevel(whole), ["ftyp", "moov", "mdat"]);
      return about(frames);
    },
  },
  {
    name: "show_index",
    errors: [Mp4Error],
    tokens: ["moof", "mdat", "moov"],
    seeds: recordings,
    run: (input) => {
      const index = new PieceIndex(RATES);
      const extent = { firstFrame: (input[0] ?? 0) % 8, endFrame: Infinity, startTime: 0 };
      new MemoryFile(input).run(bounded(readIndex(input.length, extent, index)));
      assert.ok(index.end <= input.length);
      return `${about(index.frames)} ${index.startsFrom(0).length}`;
    },
  },
  {
    name: "show_state",
    errors: [SyntaxError, z.ZodError],
    maxBytes: 1024,
    tokens: ["{", "}", "[", '"', ":", "null", "1e999", "-1", "../", "file", "__proto__"],
    seeds: () => [bytesOf(SHOW)],
    run: (input) => {
      const { pieces } = parseKeptShow(textOf(input));
      for (const { file } of pieces) assert.ok(!/[/\\\0]/.test(file));
      return about(pieces.length);
    },
  },
  {
    name: "show_request",
    errors: [],
    maxBytes: 128,
    tokens: ["-", ".m4s", ".mp4", ".", "NaN", "1e9", "Infinity", "%00", "0"],
    seeds: () => ["1795443120-17.m4s", "1795443120-0.mp4", "10.5"].map(bytesOf),
    run: (input) => {
      const text = textOf(input);
      const file = parseShowFile(text);
      const times = [clipTimes(text), clipTimes("0", text)];
      for (const { from, to } of times.flatMap((times) => times ?? [])) {
        assert.ok(from >= 0 && from < to && from < 1e9);
      }
      return `${file?.kind} ${times.map((times) => times === undefined).join()}`;
    },
  },
];
