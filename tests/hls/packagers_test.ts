/** Two formats of the same segments, side by side. */
import assert from "node:assert/strict";
import { BufferPool } from "../../src/hls/buffer_pool.ts";
import { LowPlaces } from "../../src/hls/low_latency/low_places.ts";
import { Reservation } from "../../src/hls/name_states.ts";
import type { Packager, SegmentFormat } from "../../src/hls/packager.ts";
import { type MediaPlaylist, parsePlaylist, renderPlaylist } from "../../src/hls/playlist.ts";
import { NO_PREROLL } from "../../src/hls/preroll.ts";
import { Segmenter } from "../../src/hls/segmenter.ts";
import { HlsStream } from "../../src/hls/stream.ts";
import { MPEG_TS } from "../../src/hls/ts_packager.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { MemoryFiles, NO_STATES } from "../../testing/hls/memory_files.ts";
import { audioConfig } from "../../testing/audio/access_units.ts";
import { FRAME_MS } from "../../testing/hls/on_air.ts";

const FRAMES_PER_SEGMENT = 47;

/** Puts the first byte of each frame into the segment, and nothing else. */
class FirstBytes implements Packager {
  #bytes: number[] = [];

  configure(): void {}

  begin(): void {
    this.#bytes = [];
  }

  write(data: Uint8Array): void {
    this.#bytes.push(data[0] ?? 0);
  }

  end(): Uint8Array {
    return this.snapshot();
  }

  snapshot(): Uint8Array {
    return new Uint8Array(this.#bytes);
  }
}

const FIRST_BYTES: SegmentFormat = {
  extension: "first",
  mediaType: "application/octet-stream",
  playlistFile: "first.m3u8",
  renderPlaylist,
  newPackager: () => new FirstBytes(),
};

/** A broadcast of numbered frames in two formats. */
class TwoFormats {
  readonly clock = new FakeClock();
  readonly files = new MemoryFiles();
  readonly stream: HlsStream;
  readonly segmenter: Segmenter;
  #frames = 0;

  constructor() {
    const formats = [MPEG_TS, FIRST_BYTES] as const;
    this.stream = new HlsStream("demo", {
      clock: this.clock,
      files: this.files,
      pool: new BufferPool(0),
      formats,
      targetMs: 1000,
      targetDuration: 1,
      numbering: { mediaSequence: 100, discontinuitySequence: 0 },
      reservation: new Reservation("demo", NO_STATES),
      lowPlaces: new LowPlaces(this.clock),
      preroll: NO_PREROLL,
      onGone: () => {},
    });
    this.segmenter = new Segmenter(1000, formats, (segment) => this.stream.add(segment));
  }

  /** A session begins. */
  join(): void {
    const { segmenter } = this;
    this.stream.join({
      sessionId: 1,
      missingFrames: () => segmenter.missingFrames,
      cut: () => segmenter.cut(),
      segmenter,
      stateNeed: () => {},
      listed: () => {},
    });
    segmenter.start(audioConfig());
  }

  /** Segments of frames in real time. */
  async play(segments: number): Promise<void> {
    for (let i = 0; i < segments * FRAMES_PER_SEGMENT; i++) {
      const position = 1024 * this.#frames;
      const data = new Uint8Array(40).fill(this.#frames++);
      this.segmenter.write({ data, position, dueMs: this.clock.monotonic(), filler: false });
      await this.clock.advance(FRAME_MS);
    }
  }

  playlist(file: string): MediaPlaylist {
    const playlist = parsePlaylist(new TextDecoder().decode(this.stream.playlist(file)?.text));
    assert.ok(playlist);
    return playlist;
  }

  /** Both playlists list the same but for the files' extensions. */
  assertAlike(): MediaPlaylist {
    const [ts, first] = [this.playlist("playlist.m3u8"), this.playlist("first.m3u8")];
    const renamed = ts.segments.map((segment) => {
      return { ...segment, uri: segment.uri.replace(/\.ts$/, ".first") };
    });
    assert.deepEqual(first, { ...ts, segments: renamed });
    return first;
  }
}

Deno.test("a second format has the same cuts and numbers, and a playlist of its own", async () => {
  const two = new TwoFormats();
  two.join();
  await two.play(15);
  const { segments, mediaSequence } = two.assertAlike();
  assert.equal(segments.length, 12);
  assert.equal(mediaSequence, 103);
  const frames = segments.flatMap(({ uri }) => [...two.files.files.get(uri) ?? []]);
  const from = 3 * FRAMES_PER_SEGMENT;
  assert.deepEqual(frames, Array.from({ length: frames.length }, (_, i) => (from + i) % 256));
  assert.equal(frames.length, 12 * FRAMES_PER_SEGMENT);
  assert.ok(two.files.files.has("first.m3u8"));
});

Deno.test("both formats end, begin again, and are cleared together", async () => {
  const two = new TwoFormats();
  two.join();
  await two.play(3);
  two.stream.leave("teardown", () => {});
  await two.clock.advance(0);
  assert.equal(two.assertAlike().ended, true);
  two.join();
  await two.play(2);
  const again = two.assertAlike();
  assert.deepEqual([again.ended, again.segments.length], [false, 2]);
  two.stream.leave("lost", () => {});
  await two.clock.advance(60_000);
  two.stream.sweep();
  await two.clock.advance(0);
  assert.equal(two.files.files.size, 0);
  assert.equal(two.stream.playlist("first.m3u8"), undefined);
});

Deno.test("after a restart the second format goes on under the numbers of the first", async () => {
  const two = new TwoFormats();
  const wallMs = two.clock.now() - 5000;
  const segment = { durationUs: 1_000_000, wallMs };
  const left = {
    targetDuration: 1,
    mediaSequence: 50,
    discontinuitySequence: 3,
    ended: false,
    segments: [
      { ...segment, uri: "50-1700000000.ts", discontinuity: false },
      { ...segment, uri: "51-1700000001.ts", discontinuity: true },
    ],
  };
  two.stream.restore({
    playlist: left,
    ...{ files: left.segments.map(({ uri }) => uri), ageMs: 1000 },
  });
  assert.equal(two.stream.playlist("first.m3u8"), undefined);
  two.join();
  await two.play(20);
  assert.deepEqual(two.assertAlike().discontinuitySequence, 5);
});
