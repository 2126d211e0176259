import assert from "node:assert/strict";
import type { AudioConfig } from "../../src/audio/audio_config.ts";
import { Hls } from "../../src/hls/hls.ts";
import { StateFiles } from "../../src/hls/name_states.ts";
import { type MediaPlaylist, parsePlaylist } from "../../src/hls/playlist.ts";
import { NO_PREROLL } from "../../src/hls/preroll.ts";
import { HlsFolder } from "../../src/hls/stream_files.ts";
import { EventBus, type SessionEvent } from "../../src/session/events.ts";
import type { AdmittedIngest } from "../../src/session/ingest.ts";
import { KeyStore } from "../../src/session/key_store.ts";
import { SERVER_REASON } from "../../src/session/reason.ts";
import { SessionManager } from "../../src/session/session_manager.ts";
import { FakeClock } from "../fake_clock.ts";
import { until } from "../until.ts";

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

/** A run of the server's sessions and HLS on a folder; another run may follow on the same folder. */
export class Run {
  readonly seen: SessionEvent[] = [];

  private constructor(
    readonly clock: FakeClock,
    readonly manager: SessionManager,
    readonly hls: Hls,
    readonly path: string,
    readonly framesPerSegment: number,
    readonly events: EventBus,
  ) {
    events.subscribe((event) => this.seen.push(event));
  }

  static async start(
    path: string,
    clock: FakeClock,
    targetMs = 1000,
    countListeners?: (name: string) => number,
  ): Promise<Run> {
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
        timeline: { maxDelayMs: 10_000, targetMs },
      },
    });
    const folder = new HlsFolder(path);
    const states = new StateFiles(folder);
    const hls = await Hls.open({
      ...{ clock, events, targetMs, folder, states, countListeners },
      preroll: NO_PREROLL,
    });
    manager.addOutput(hls.output);
    return new Run(clock, manager, hls, path, Math.round(targetMs / FRAME_MS), events);
  }

  publish(name = "demo"): AdmittedIngest {
    const transport = { protocol: "rtmp" as const, address: "127.0.0.1", close: () => {} };
    const ingest = this.manager.publish({ name, key: undefined, transport });
    ingest.configure(CONFIG);
    return ingest;
  }

  /** Segments of audio in real time, each listed before the next. */
  async broadcast(ingest: AdmittedIngest, segments: number, fromMs = 0): Promise<void> {
    const name = ingest.sessionName;
    const frames = this.framesPerSegment;
    for (let i = 0; i < segments; i++) {
      const before = this.hls.find(name)?.playlist?.etag;
      for (let frame = 0; frame < frames; frame++) {
        ingest.write(new Uint8Array(100).fill(i), fromMs + (frames * i + frame) * FRAME_MS);
        await this.clock.advance(FRAME_MS);
      }
      await until("a version is out", () => this.hls.find(name)?.playlist?.etag !== before);
    }
  }

  playlist(name = "demo"): MediaPlaylist {
    const parsed = parsePlaylist(new TextDecoder().decode(this.hls.find(name)?.playlist?.text));
    assert.ok(parsed);
    return parsed;
  }

  numbers(name = "demo"): number[] {
    return this.playlist(name).segments.map(({ uri }) => Number(uri.split("-")[0]));
  }

  files(name = "demo"): string[] {
    return [...Deno.readDirSync(`${this.path}/${name}`)].map((entry) => entry.name).sort();
  }

  /** Ends the broadcast `demo`, and lets its time pass until nothing is left of it. */
  async release(): Promise<void> {
    this.manager.find("demo")?.end("teardown", SERVER_REASON);
    await until("the playlist has ended", () => this.playlist().ended);
    for (let i = 0; i < 60; i++) await this.clock.advance(1000);
    const isThere = () => [...Deno.readDirSync(this.path)].some(({ name }) => name === "demo");
    await until("the folder is gone", () => !isThere());
  }

  /** As a process that is killed: nothing is ended or written out. */
  kill(): void {
    for (const session of this.manager.sessions) session.end("shutdown", SERVER_REASON);
    this.manager.stop("shutdown", SERVER_REASON);
  }
}

/** Makes a folder for a test, which is gone in the end. */
export async function withFolder(test: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempDir();
  try {
    await test(path);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}
