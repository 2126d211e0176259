/**
 * A session's way into the stream of its name, and what events and log tell of it.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import type { AudioConfig } from "../audio/audio_config.ts";
import type { Frame } from "../audio/frame.ts";
import type { Clock } from "../session/clock.ts";
import type { StateNeed } from "../session/continuity.ts";
import { type EventBus, sessionEvent } from "../session/events.ts";
import type { FrameSink, SessionEnd } from "../session/frame_sink.ts";
import type { Session } from "../session/session.ts";
import type { PlacedTags, Tags, TimedTags } from "../session/tags.ts";
import type { SegmentFormats } from "./formats.ts";
import { Segmenter } from "./segmenter.ts";
import { SessionAudience } from "./session_audience.ts";
import type { HlsStream } from "./stream.ts";

export interface SessionSegmentsOptions {
  readonly clock: Clock;
  readonly events: EventBus;
  /** What segments aim at, in milliseconds. */
  readonly targetMs: number;
  readonly formats: SegmentFormats;
  /** Where the playlist is on disk, as log and events tell it. */
  readonly playlistPath: string;
  /** States by when the session's open segment is needed. */
  readonly stateNeed: StateNeed;
  /** How many listen; `undefined` where they are not counted. */
  readonly countListeners: (() => number) | undefined;
  /** Takes what is heard, and from when on. */
  readonly onTags: ((tags: TimedTags) => void) | undefined;
}

/** Takes a session's frames, and gives segments to its stream. */
export class SessionSegments implements FrameSink {
  readonly #session: Session;
  readonly #stream: HlsStream;
  readonly #options: SessionSegmentsOptions;
  readonly #segmenter: Segmenter;
  readonly #audience: SessionAudience | undefined;
  /** Whether another box has told already that it can be heard. */
  readonly #goesOn: boolean;
  #progress: Progress = "not listed";
  #hasBegun = false;

  constructor(session: Session, stream: HlsStream, options: SessionSegmentsOptions) {
    this.#session = session;
    this.#stream = stream;
    this.#options = options;
    this.#segmenter = new Segmenter(
      options.targetMs,
      options.formats,
      (segment) => stream.add(segment),
    );
    this.#audience = this.#watchAudience();
    this.#goesOn = stream.handover.carries(session.id, READY_MS);
    stream.join({
      sessionId: session.id,
      missingFrames: () => this.#segmenter.missingFrames,
      cut: () => this.#segmenter.cut(),
      segmenter: this.#segmenter,
      stateNeed: options.stateNeed,
      listed: () => this.#listed(),
    });
  }

  start(config: AudioConfig): void {
    this.#stream.config = config;
    this.#stream.low.configure(config);
    this.#segmenter.start(config);
  }

  write(frame: Frame): void {
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      this.#stream.played.begin(this.#timed(frame));
    }
    this.#segmenter.write(frame);
  }

  metadata(tags: PlacedTags): void {
    this.#segmenter.metadata(tags);
    const timed = { ...tags, ...this.#timed(tags) };
    this.#stream.played.add(timed);
    this.#options.onTags?.(timed);
  }

  discontinuity(): void {
    this.#segmenter.discontinuity();
  }

  goodbye(): void {
    this.end("finished");
  }

  end(how: SessionEnd): void {
    const { clock, events } = this.#options;
    this.#stream.leave(how, () => {
      const peak = this.#audience?.peak;
      const details = {
        ...peak !== undefined && { peakListeners: peak },
        ...how === "moved" && { goesOn: true },
      };
      events.emit(sessionEvent(this.#session, "hls-release", clock.now(), details));
      const wasHeard = this.#progress !== "not listed";
      if (wasHeard && !this.#stream.heard) this.#log("can no longer be heard");
    });
  }

  #timed({ position, dueMs }: Pick<Frame, "position" | "dueMs">): Omit<TimedTags, keyof Tags> {
    return { position, dueMs, wallMs: this.#stream.wallMsOf(dueMs) };
  }

  #watchAudience(): SessionAudience | undefined {
    const { clock, events, countListeners } = this.#options;
    if (countListeners === undefined) return undefined;
    return new SessionAudience(clock, countListeners, (listeners, peak) => {
      const details = { listeners, peak };
      events.emit(sessionEvent(this.#session, "audience", clock.now(), details));
    });
  }

  #listed(): void {
    if (this.#progress === "not listed") {
      this.#progress = "heard";
      this.#log("can be heard at {path}");
    }
    if (this.#progress === "heard" && this.#stream.durationMs >= READY_MS) {
      this.#progress = "ready";
      const { clock, events, playlistPath: path } = this.#options;
      const details = { path, ...this.#goesOn && { goesOn: true } };
      events.emit(sessionEvent(this.#session, "hls-ready", clock.now(), details));
    }
    this.#audience?.update();
  }

  #log(what: string): void {
    const { id, name } = this.#session;
    logger.info(what, { id, name, path: this.#options.playlistPath });
  }
}

/**
 * How far a session has come. The log tells people when it can be `heard`; an event tells programs
 * when it is `ready`, which is later.
 */
type Progress = "not listed" | "heard" | "ready";

/** A playlist of this length is enough for a player to start. */
const READY_MS = 6000;

const logger = getLogger(["echo", "hls"]);
