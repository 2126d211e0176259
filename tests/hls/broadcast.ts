import assert from "node:assert/strict";
import type { AudioConfig } from "../../src/audio/audio_config.ts";
import { AdtsParser } from "../../src/audio/aac/adts_parser.ts";
import { Hls } from "../../src/hls/hls.ts";
import { type MediaPlaylist, parsePlaylist, type SegmentEntry } from "../../src/hls/playlist.ts";
import { NO_PREROLL } from "../../src/hls/preroll.ts";
import { PLAYLIST_FILE } from "../../src/hls/stream_files.ts";
import { EventBus } from "../../src/session/events.ts";
import type { Ingest } from "../../src/session/ingest.ts";
import { KeyStore } from "../../src/session/key_store.ts";
import { SERVER_REASON } from "../../src/session/reason.ts";
import { SessionManager } from "../../src/session/session_manager.ts";
import { FakeClock } from "../fake_clock.ts";
import { packets } from "../mpegts/packets.ts";
import { MemoryFolder, NO_STATES } from "./memory_files.ts";

export const FRAME_MS = 1024_000 / 48_000;
const CONFIG: AudioConfig = {
  codec: "aac",
  samplesPerFrame: 1024,
  objectType: 2,
  sampleRate: 48_000,
  channelConfiguration: 2,
  programConfig: undefined,
  sbr: undefined,
  ps: undefined,
};
const SILENCE_BYTES = 6;

/** A broadcast of numbered frames, and a listener that reads every version of its playlist. */
export class Broadcast {
  readonly clock = new FakeClock();
  readonly folder = new MemoryFolder();
  readonly heard: SegmentEntry[] = [];
  /** Numbers of the frames in what was heard; -1 for a silent one. */
  readonly heardFrames: number[] = [];
  /** Time between versions, in target durations. */
  readonly cadences: number[] = [];
  readonly #data = new Uint8Array(40).fill(1);
  readonly #view = new DataView(this.#data.buffer);
  #etag = "";
  #versionAt = NaN;

  private constructor(
    readonly manager: SessionManager,
    readonly hls: Hls,
    clock: FakeClock,
    folder: MemoryFolder,
  ) {
    this.clock = clock;
    this.folder = folder;
  }

  static async start(): Promise<Broadcast> {
    const clock = new FakeClock();
    const events = new EventBus();
    const manager = new SessionManager({
      clock,
      events,
      keys: new KeyStore(clock, 0),
      auth: "open",
      maxSessions: 10,
      maxWaiting: 10,
      policy: {
        holdMs: 30_000,
        firstWaitMs: 1_800_000,
        unheardWaitMs: 30_000,
        waitMs: { rtmp: 30_000, srt: 60_000 },
        timeline: { maxDelayMs: 10_000, targetMs: 1000 },
      },
    });
    const folder = new MemoryFolder();
    const hls = await Hls.open({
      clock,
      events,
      targetMs: 1000,
      folder,
      states: NO_STATES,
      preroll: NO_PREROLL,
    });
    manager.addOutput(hls.output);
    return new Broadcast(manager, hls, clock, folder);
  }

  connect(): Ingest {
    const transport = { protocol: "rtmp" as const, address: "127.0.0.1", close: () => {} };
    const ingest = this.manager.publish({ name: "demo", key: undefined, transport });
    ingest.configure(CONFIG);
    return ingest;
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
    const version = this.hls.find("demo")?.playlist;
    if (version === undefined || version.etag === this.#etag) return;
    this.#etag = version.etag;
    const now = this.clock.monotonic();
    if (!Number.isNaN(this.#versionAt)) this.cadences.push((now - this.#versionAt) / 1000);
    this.#versionAt = now;
    const known = new Set(this.heard.slice(-100).map(({ uri }) => uri));
    for (const segment of this.playlist().segments) {
      if (known.has(segment.uri)) continue;
      this.heard.push(segment);
      this.heardFrames.push(...frameNumbers(this.hls.find("demo")?.segment(segment.uri)));
    }
  }

  playlist(): MediaPlaylist {
    const parsed = parsePlaylist(new TextDecoder().decode(this.hls.find("demo")?.playlist?.text));
    assert.ok(parsed);
    return parsed;
  }

  /** Numbers of the frames in all segments that are on disk; -1 for a silent one. */
  frames(): number[] {
    const { files } = this.folder.stream("demo");
    const names = [...files.keys()].filter((name) => name !== PLAYLIST_FILE).sort();
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
