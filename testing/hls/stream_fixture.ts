/** A stream on a clock and files that are not real. */
import assert from "node:assert/strict";
import { BufferPool } from "../../src/hls/buffer_pool.ts";
import { Distributor } from "../../src/hls/distributor.ts";
import { FORMATS } from "../../src/hls/formats.ts";
import { LowPlaces } from "../../src/hls/low_latency/low_places.ts";
import { type NameState, Reservation } from "../../src/hls/name_states.ts";
import { type MediaPlaylist, parsePlaylist, type SegmentEntry } from "../../src/hls/playlist.ts";
import { HlsStream } from "../../src/hls/stream.ts";
import type { SegmentSource } from "../../src/hls/stream_options.ts";
import type { Numbering } from "../../src/hls/window.ts";
import { Continuity } from "../../src/session/continuity.ts";
import type { SessionEnd } from "../../src/session/frame_sink.ts";
import { MemoryFiles } from "./memory_files.ts";
import { FakeClock } from "../fake_clock.ts";

const MISSING_FRAMES = 12;

interface StreamFixture {
  readonly clock: FakeClock;
  readonly files: MemoryFiles;
  /** States of the name that were saved. */
  readonly saved: NameState[];
  readonly stream: HlsStream;
  /** Hands the stream out. */
  readonly distributor: Distributor;
  /** How often the stream called. */
  readonly counts: { listed: number; completed: number; gone: number; released: number };
  readonly feeder: SegmentSource;
  readonly add: (durationMs?: number, discontinuity?: boolean, endsInWait?: boolean) => void;
  /** What is served now. */
  readonly playlist: () => MediaPlaylist;
  readonly sequences: () => number[];
  readonly leave: (how: SessionEnd) => void;
  /** A segment and its time, `count` times. */
  readonly broadcast: (count: number) => Promise<void>;
}

/** A stream of the name `demo` with a clock, files and a feeder that are not real. */
export function setUp(
  options: {
    targetMs?: number;
    /** In seconds. */
    targetDuration?: number;
    preroll?: SegmentEntry[];
    numbering?: Numbering;
    /** Called when the open segment is completed with silence. */
    complete?: () => void;
  } = {},
): StreamFixture {
  const clock = new FakeClock();
  const files = new MemoryFiles();
  const saved: NameState[] = [];
  const counts = { listed: 0, completed: 0, gone: 0, released: 0 };
  const targetMs = options.targetMs ?? 1000;
  const states = {
    save: (_: string, state: NameState) => {
      saved.push(state);
      return Promise.resolve(true);
    },
  };
  const distributor: Distributor = new Distributor((name) => name === "demo" ? stream : undefined);
  distributor.begin("demo");
  const stream: HlsStream = new HlsStream("demo", {
    clock,
    files,
    pool: new BufferPool(1 << 20),
    formats: FORMATS,
    targetMs,
    targetDuration: options.targetDuration ?? Math.ceil(targetMs / 1000),
    numbering: options.numbering ?? { mediaSequence: 100, discontinuitySequence: 0 },
    reservation: new Reservation("demo", states),
    lowPlaces: new LowPlaces(clock),
    preroll: { entries: options.preroll ?? [], low: new Map() },
    onVersion: (file, segments) => distributor.version("demo", file, segments),
    onGone: () => {
      counts.gone++;
      distributor.end("demo");
    },
  });
  const wait = (frames: number) => {
    assert.equal(frames, MISSING_FRAMES);
    counts.completed++;
    options.complete?.();
  };
  const feed = { wait, catchUp: () => {}, cut: () => {}, discontinuity: () => {} };
  const continuity = new Continuity({ clock, feed, holdMs: 30_000, silentForMs: () => 0 });
  continuity.goOn();
  const feeder = {
    sessionId: 7,
    missingFrames: () => MISSING_FRAMES,
    cut: () => {},
    segmenter: { config: undefined, tap: () => undefined, open: undefined },
    stateNeed: continuity.addOutput(),
    listed: () => counts.listed++,
  };
  const add = (durationMs = targetMs, discontinuity = false, endsInWait = false) =>
    stream.add({
      packages: [new Uint8Array(188).fill(counts.listed)],
      durationUs: durationMs * 1000,
      discontinuity,
      dueMs: clock.monotonic(),
      endsInWait,
    });
  const playlist = () => {
    const text = new TextDecoder().decode(stream.playlist()?.text);
    const parsed = parsePlaylist(text);
    assert.ok(parsed, text);
    return parsed;
  };
  const sequences = () => playlist().segments.map(({ uri }) => Number(uri.split("-")[0]));
  const leave = (how: SessionEnd) => stream.leave(how, () => counts.released++);
  const broadcast = async (count: number) => {
    for (let i = 0; i < count; i++) {
      add();
      await clock.advance(targetMs);
      stream.sweep();
    }
  };
  return {
    clock,
    files,
    saved,
    stream,
    distributor,
    counts,
    feeder,
    add,
    playlist,
    sequences,
    leave,
    broadcast,
  };
}
