/** What reads files that a crash, a full disk or somebody else may have damaged. */
import assert from "node:assert/strict";
import { parseNameState } from "../../../src/hls/name_states.ts";
import { parseSegments, restorePlaylist } from "../../../src/hls/playlist.ts";
import { Mp4Error } from "../../../src/mp4/boxes.ts";
import type { FileSteps } from "../../../src/mp4/file_steps.ts";
import { finishRecording } from "../../../src/mp4/finish.ts";
import { parseFragment } from "../../../src/mp4/fragment.ts";
import { FragmentReader } from "../../../src/mp4/fragment_reader.ts";
import { parseFileHeader } from "../../../src/mp4/movie.ts";
import { continueRecording, readRecording, type Recording } from "../../../src/mp4/recording.ts";
import { parseFileName } from "../../../src/record/file_names.ts";
import { MemoryFile } from "../../mp4/memory_file.ts";
import { fragments, someFrames } from "../../mp4/recordings.ts";
import { recordings } from "../seeds.ts";
import { about, bytesOf, type Target, textOf } from "../target.ts";

const BOXES = [
  "ftyp",
  "free",
  "mdat",
  "moov",
  "mvex",
  "trak",
  "mdia",
  "mdhd",
  "stbl",
  "stsd",
  "moof",
];
/** Far more than work on a file of this size takes. */
const MANY_STEPS = 5000;

const PLAYLIST = [
  "#EXTM3U",
  "#EXT-X-VERSION:3",
  "#EXT-X-TARGETDURATION:1",
  "#EXT-X-MEDIA-SEQUENCE:1700000000",
  "#EXT-X-DISCONTINUITY-SEQUENCE:3",
  "#EXTINF:0.999000,",
  "/prerole/a.ts",
  "#EXT-X-DISCONTINUITY",
  "#EXT-X-PROGRAM-DATE-TIME:2026-11-23T20:00:01.003Z",
  "#EXTINF:1.002667,",
  "1700000001-1795464001.ts",
  "#EXT-X-ENDLIST",
  "",
].join("\n");
const STATE = '{"mediaSequence":1700000000,"discontinuitySequence":2,"written":true}\n';
const FILE_NAMES = [
  "demo.mp4",
  "demo.20261123T141200Z.mp4.part",
  "demo.20261123T141200Z-2.mp4.damaged",
];

export const FILE_TARGETS: readonly Target[] = [
  {
    name: "mp4_header",
    errors: [Mp4Error],
    maxBytes: 8192,
    tokens: BOXES,
    seeds: () => recordings().map((bytes) => bytes.slice(0, 1200)),
    run: (input) => {
      const { movie, end } = parseFileHeader(input);
      assert.ok(end <= input.length && movie.sampleRate > 0 && movie.samplesPerFrame > 0);
      return `${movie.sampleRate} ${movie.samplesPerFrame} ${about(end)}`;
    },
  },
  {
    name: "mp4_fragments",
    errors: [Mp4Error],
    maxBytes: 8192,
    tokens: BOXES,
    seeds: () => {
      const all = fragments(someFrames(20), 5);
      return [Uint8Array.from(all.flatMap((bytes) => [...bytes])), ...all];
    },
    run: (input) => {
      const first = parseFragment(input, 1024);
      const reader = new FragmentReader(0, input.length, 1024);
      let count = 0;
      const readAll = function* (): FileSteps<void> {
        while (yield* reader.next()) count++;
      };
      new MemoryFile(input).run(bounded(readAll()));
      assert.ok(reader.offset <= input.length);
      return `${first?.frames} ${about(count)} ${about(reader.frames)} ${
        about(reader.damagedBytes)
      }`;
    },
  },
  {
    name: "mp4_recording",
    errors: [Mp4Error],
    tokens: BOXES,
    seeds: recordings,
    run: (input) =>
      [readRecording, finishRecording, readAndContinue].map((work) => {
        return resultOf(input, work);
      }).join(),
  },
  {
    name: "file_name",
    errors: [],
    maxBytes: 256,
    tokens: [".part", ".damaged", ".mp4", "T", "Z", "-", "/", "..", "\0"],
    seeds: () => FILE_NAMES.map(bytesOf),
    run: (input) => {
      const parsed = parseFileName(textOf(input));
      assert.ok(parsed === undefined || !/[/\\\0]/.test(parsed.file));
      return `${parsed?.state} ${parsed?.startTime === undefined} ${parsed?.count}`;
    },
  },
  {
    name: "hls_playlist",
    errors: [],
    maxBytes: 4096,
    tokens: PLAYLIST.split("\n").concat(["\n", ":", "NaN", "1e999", "-1"]),
    seeds: () => [bytesOf(PLAYLIST), bytesOf("#EXTM3U\r\n#EXTINF:1,\r\na.ts\r\n")],
    run: (input) => {
      const text = textOf(input);
      const segments = parseSegments(text.split(/\r?\n/));
      const restored = restorePlaylist(text, "ts");
      return `${about(segments?.length ?? 0)} ${restored?.segments.length} ${restored?.ended}`;
    },
  },
  {
    name: "hls_state",
    errors: [SyntaxError],
    maxBytes: 1024,
    tokens: [
      "{",
      "}",
      "[",
      '"',
      ":",
      "null",
      "1e999",
      "-1",
      "mediaSequence",
      "written",
      "__proto__",
    ],
    seeds: () => [bytesOf(STATE)],
    run: (input) => {
      const { mediaSequence, written } = parseNameState(textOf(input));
      return `${about(mediaSequence)} ${written}`;
    },
  },
];

type Work = (length: number) => FileSteps<Recording | undefined>;

/** What comes of work on a file: a recording that may be, or the module's own error. */
function resultOf(input: Uint8Array, work: Work): string {
  try {
    const recording = new MemoryFile(input).run(bounded(work(input.length)));
    if (recording !== undefined) assertSane(recording, input.length);
    return `${recording?.frames}`;
  } catch (error) {
    if (!(error instanceof Mp4Error)) throw error;
    return error.message.replace(/\d+/g, "#").slice(0, 60);
  }
}

function* readAndContinue(length: number): FileSteps<undefined> {
  yield* continueRecording(yield* readRecording(length));
  return undefined;
}

/** The same steps; fails where there is no end to them. */
export function* bounded<Result>(steps: FileSteps<Result>): FileSteps<Result> {
  let answer: Uint8Array = new Uint8Array();
  for (let count = 0;; count++) {
    const { done, value } = steps.next(answer);
    if (done) return value;
    assert.ok(count < MANY_STEPS, "it takes too many steps");
    answer = yield value;
  }
}

function assertSane(
  { startTime, sampleRate, frames, durationMs }: Recording,
  length: number,
): void {
  assert.match(new Date(startTime).toISOString(), /^\d{4}-/);
  assert.ok(sampleRate > 0);
  assert.ok(Number.isSafeInteger(frames) && frames >= 0 && frames <= length / 4);
  assert.ok(Number.isFinite(durationMs) && durationMs >= 0);
}
