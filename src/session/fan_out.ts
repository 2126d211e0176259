/**
 * The outputs of a session, which get each of its frames one after the other.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import type { AudioConfig } from "../audio/audio_config.ts";
import type { Frame } from "../audio/frame.ts";
import type { FeedOwner } from "./feed_owner.ts";
import type { FrameSink, SessionEnd } from "./frame_sink.ts";

/** Tells all sinks, in one synchronous call. One that throws is told nothing any more. */
export class FanOut {
  readonly #owner: FeedOwner;
  #sinks: readonly FrameSink[] = [];

  /** @param owner whose frames they are, for the log */
  constructor(owner: FeedOwner) {
    this.#owner = owner;
  }

  /** Adds the output that `make` makes, which starts with `config` where that is known already. */
  add(make: () => FrameSink, config: AudioConfig | undefined): void {
    let sink: FrameSink;
    try {
      sink = make();
    } catch (error) {
      logger.error("Cannot start an output: {error}", { ...this.#owner, error });
      return;
    }
    this.#sinks = [...this.#sinks, sink];
    if (config !== undefined) this.#guard(sink, () => sink.start(config));
  }

  write(frame: Frame): void {
    for (const sink of this.#sinks) {
      try {
        sink.write(frame);
      } catch (error) {
        this.#expel(sink, error);
      }
    }
  }

  /** Tells each of them something else than a frame. */
  tell(call: (sink: FrameSink) => void): void {
    for (const sink of this.#sinks) this.#guard(sink, () => call(sink));
  }

  end(how: SessionEnd): void {
    this.tell((sink) => sink.end(how));
    this.#sinks = [];
  }

  /** Those go on that take silence after a goodbye; the others end. */
  goodbye(): void {
    this.tell((sink) => sink.goodbye === undefined ? sink.end("finished") : sink.goodbye());
    this.#sinks = this.#sinks.filter(({ goodbye }) => goodbye !== undefined);
  }

  #guard(sink: FrameSink, call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#expel(sink, error);
    }
  }

  /** An output with a bug in it takes neither the other outputs nor other sessions with it. */
  #expel(sink: FrameSink, error: unknown): void {
    if (!this.#sinks.includes(sink)) return;
    this.#sinks = this.#sinks.filter((other) => other !== sink);
    logger.error("An output failed and gets no more frames: {error}", { ...this.#owner, error });
    this.#guard(sink, () => sink.end("lost"));
  }
}

const logger = getLogger(["echo", "session"]);
