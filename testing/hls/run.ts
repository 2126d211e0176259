/** A run of the server on a folder, as far as HLS goes, which another run may follow. */
import { StateFiles } from "../../src/hls/name_states.ts";
import type { MediaPlaylist } from "../../src/hls/playlist.ts";
import type { Hls } from "../../src/hls/hls.ts";
import { HlsFolder } from "../../src/hls/stream_files.ts";
import type { EventBus, SessionEvent } from "../../src/session/events.ts";
import type { AdmittedIngest } from "../../src/session/ingest.ts";
import { SERVER_REASON } from "../../src/session/reason.ts";
import type { SessionManager } from "../../src/session/session_manager.ts";
import type { FakeClock } from "../fake_clock.ts";
import { until } from "../until.ts";
import { FRAME_MS, goOnAir, type OnAir, type OnAirOptions, playlistOf, publish } from "./on_air.ts";

/** A run of the server's sessions and HLS on a folder; another run may follow on the same folder. */
export class Run {
  readonly seen: SessionEvent[] = [];
  readonly manager: SessionManager;
  readonly hls: Hls;
  readonly events: EventBus;

  private constructor(
    onAir: OnAir,
    readonly clock: FakeClock,
    readonly path: string,
    readonly framesPerSegment: number,
  ) {
    this.manager = onAir.manager;
    this.hls = onAir.hls;
    this.events = onAir.events;
    this.events.subscribe((event) => this.seen.push(event));
  }

  static async start(
    path: string,
    clock: FakeClock,
    targetMs = 1000,
    options: Pick<OnAirOptions, "countListeners" | "preroll"> = {},
  ): Promise<Run> {
    const folder = new HlsFolder(path);
    const states = new StateFiles(folder);
    const onAir = await goOnAir({ clock, targetMs, folder, states, ...options });
    return new Run(onAir, clock, path, Math.round(targetMs / FRAME_MS));
  }

  publish(name = "demo"): AdmittedIngest {
    return publish(this, name);
  }

  /** Segments of audio in real time, each listed before the next. */
  async broadcast(ingest: AdmittedIngest, segments: number, fromMs = 0): Promise<void> {
    const name = ingest.sessionName;
    const frames = this.framesPerSegment;
    for (let i = 0; i < segments; i++) {
      const before = this.hls.find(name)?.playlist()?.etag;
      for (let frame = 0; frame < frames; frame++) {
        ingest.write(new Uint8Array(100).fill(i), fromMs + (frames * i + frame) * FRAME_MS);
        await this.clock.advance(FRAME_MS);
      }
      await until("a version is out", () => this.hls.find(name)?.playlist()?.etag !== before);
    }
  }

  playlist(name = "demo"): MediaPlaylist {
    return playlistOf(this, name);
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
