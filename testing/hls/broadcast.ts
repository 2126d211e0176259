/** A broadcast whose frames are numbered, and a listener that reads every version of its playlist. */
import assert from "node:assert/strict";
import { AdtsParser } from "../../src/audio/aac/adts_parser.ts";
import { formatOf } from "../../src/hls/formats.ts";
import type { Hls } from "../../src/hls/hls.ts";
import type { MediaPlaylist, SegmentEntry } from "../../src/hls/playlist.ts";
import { MPEG_TS } from "../../src/hls/ts_packager.ts";
import type { EventBus } from "../../src/session/events.ts";
import type { Ingest } from "../../src/session/ingest.ts";
import { SERVER_REASON } from "../../src/session/reason.ts";
import type { SessionManager } from "../../src/session/session_manager.ts";
import { FakeClock } from "../fake_clock.ts";
import { packets } from "../mpegts/packets.ts";
import { MemoryFolder, NO_STATES } from "./memory_files.ts";
import { FRAME_MS, goOnAir, type OnAir, type OnAirOptions, playlistOf, publish } from "./on_air.ts";

const SILENCE_BYTES = 6;

/** A broadcast of numbered frames, and a listener that reads every version of its playlist. */
export class Broadcast {
  readonly manager: SessionManager;
  readonly hls: Hls;
  readonly events: EventBus;
  readonly heard: SegmentEntry[] = [];
  /** Numbers of the frames in what was heard; -1 for a silent one. */
  readonly heardFrames: number[] = [];
  /** Time between versions, in target durations. */
  readonly cadences: number[] = [];
  readonly #data = new Uint8Array(40).fill(1);
  readonly #view = new DataView(this.#data.buffer);
  #etag: string | undefined;
  #versionAt: number | undefined;

  private constructor(
    onAir: OnAir,
    readonly clock: FakeClock,
    readonly folder: MemoryFolder,
  ) {
    this.manager = onAir.manager;
    this.hls = onAir.hls;
    this.events = onAir.events;
  }

  static async start(
    options: Pick<OnAirOptions, "id3" | "onTags" | "preroll" | "fallback"> = {},
  ): Promise<Broadcast> {
    const clock = new FakeClock();
    const folder = new MemoryFolder();
    const states = NO_STATES;
    const onAir = await goOnAir({ clock, targetMs: 1000, folder, states, ...options });
    return new Broadcast(onAir, clock, folder);
  }

  connect(): Ingest {
    return publish(this, "demo");
  }

  send(ingest: Ingest, number: number, timeMs = number * FRAME_MS): void {
    this.#view.setUint32(0, number);
    ingest.write(this.#data, timeMs);
  }

  /** Frames `from` up to `to` in real time. */
  async live(ingest: Ingest, from: number, to: number): Promise<void> {
    for (let number = from; number < to; number++) {
      this.send(ingest, number);
      await this.pass(FRAME_MS);
    }
  }

  /** Lets time pass, and the listener look. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 50) {
      await this.clock.advance(Math.min(left, 50));
      this.listen();
    }
  }

  listen(): void {
    const version = this.hls.find("demo")?.playlist();
    if (version === undefined || version.etag === this.#etag) return;
    this.#etag = version.etag;
    const now = this.clock.monotonic();
    if (this.#versionAt !== undefined) this.cadences.push((now - this.#versionAt) / 1000);
    this.#versionAt = now;
    const known = new Set(this.heard.slice(-100).map(({ uri }) => uri));
    for (const segment of this.playlist().segments) {
      if (known.has(segment.uri)) continue;
      this.heard.push(segment);
      this.heardFrames.push(...frameNumbers(this.folder.stream("demo").files.get(segment.uri)));
    }
  }

  playlist(): MediaPlaylist {
    return playlistOf(this, "demo");
  }

  /** Numbers of the frames in all segments that are on disk; -1 for a silent one. */
  frames(): number[] {
    const { files } = this.folder.stream("demo");
    const names = [...files.keys()].filter((name) => formatOf(name) === MPEG_TS).sort();
    return names.flatMap((name) => frameNumbers(files.get(name)));
  }

  async stop(): Promise<void> {
    this.manager.stop("shutdown", SERVER_REASON);
    await this.hls.stop();
    assert.equal(this.clock.timerCount, 0);
  }
}

/** Numbers of the frames in a segment; -1 for a silent one. */
function frameNumbers(segment: Uint8Array = new Uint8Array()): number[] {
  const numbers: number[] = [];
  const parser = new AdtsParser({
    configure: () => {},
    write: (data: Uint8Array) => {
      const view = new DataView(data.buffer, data.byteOffset);
      numbers.push(data.length === SILENCE_BYTES ? -1 : view.getUint32(0));
    },
    bad: (count: number) => assert.equal(count, 0),
  });
  for (const { pid, unitStart, payload } of packets(segment)) {
    if (pid === 0x100) parser.feed(payload.subarray(unitStart ? 14 : 0));
  }
  parser.flush();
  return numbers;
}
