/**
 * Sessions, pretended outputs and statistics, without sockets, on a clock that is moved by hand.
 */
import {
  EventBus,
  type EventDetails,
  type EventKind,
  sessionEvent,
} from "../../src/session/events.ts";
import type { FrameSink } from "../../src/session/frame_sink.ts";
import type { Ingest, Protocol } from "../../src/session/ingest.ts";
import { SERVER_REASON } from "../../src/session/reason.ts";
import type { Session } from "../../src/session/session.ts";
import type { SessionManager } from "../../src/session/session_manager.ts";
import { Statistics, type StatisticsOptions } from "../../src/stat/statistics/statistics.ts";
import { audioConfig } from "../audio/access_units.ts";
import { FakeClock } from "../fake_clock.ts";
import { sessionManager } from "../session/session_manager.ts";

export const START = Date.UTC(2026, 10, 23, 20);

/** At this rate, frames last a whole number of milliseconds. */
const CONFIG = audioConfig({ sampleRate: 32_000 });
const FRAME_MS = 32;

/** Sessions, outputs that are only told of, and the statistics of it all. */
export class House implements Disposable {
  readonly clock: FakeClock;
  readonly events = new EventBus();
  readonly sessions: SessionManager;
  readonly statistics: Statistics;

  constructor(onEvent?: StatisticsOptions["onEvent"], startMs: number = START) {
    const clock = this.clock = new FakeClock(startMs);
    const { events } = this;
    const outputs = { hls: true, record: true };
    this.statistics = new Statistics({ events, outputs, onEvent });
    this.sessions = sessionManager({
      clock,
      events,
      maxSessions: 2000,
      policy: {
        holdMs: 10_000,
        waitMs: { rtmp: 10_000, srt: 30_000 },
        timeline: { maxDelayMs: 10_000, targetMs: 2000 },
      },
    });
    this.sessions.addOutput((session) => this.#pretendToServe(session));
    this.sessions.addOutput((session) => this.#pretendToRecord(session));
  }

  publish(name: string, protocol: Protocol): Ingest {
    const transport = { protocol, address: "192.0.2.1", close: () => {} };
    const ingest = this.sessions.publish({ name, key: undefined, transport });
    ingest.configure(CONFIG);
    return ingest;
  }

  /** Lets `seconds` go by, with audio from all of `ingests`. */
  play(seconds: number, ...ingests: Ingest[]): void {
    const end = this.clock.monotonic() + seconds * 1000;
    while (this.clock.monotonic() < end) {
      const now = this.clock.monotonic();
      for (const ingest of ingests) ingest.write(new Uint8Array(100), now);
      this.clock.advanceSync(Math.min(FRAME_MS, end - now));
    }
  }

  [Symbol.dispose](): void {
    this.sessions.stop("shutdown", SERVER_REASON);
    this.statistics.close();
  }

  /** Is ready after 6 s, and released 12 s after the end. */
  #pretendToServe(session: Session): FrameSink {
    const path = `hls/${session.name}/playlist.m3u8`;
    const ready = this.#emitAfter(6000, session, "hls-ready", { path });
    return sink(() => {
      ready.cancel();
      this.#emitAfter(12_000, session, "hls-release", {});
    });
  }

  /** Its file is there after a second, and complete a quarter of a second after the end. */
  #pretendToRecord(session: Session): FrameSink {
    const path = `record/${session.name}.mp4`;
    const part = `record/${session.name}.part`;
    const startedAt = this.clock.now();
    this.#emitAfter(1000, session, "record-start", { path: part });
    return sink(() => {
      const durationMs = this.clock.now() - startedAt;
      const details = { path, part, durationMs };
      this.#emitAfter(Math.max(250, 1250 - durationMs), session, "record-complete", details);
    });
  }

  #emitAfter<K extends EventKind>(
    ms: number,
    session: Session,
    kind: K,
    details: EventDetails[K],
  ) {
    return this.clock.after(ms, () => {
      this.events.emit(sessionEvent(session, kind, this.clock.now(), details));
    });
  }
}

function sink(end: () => void): FrameSink {
  return { start: () => {}, write: () => {}, discontinuity: () => {}, end };
}
