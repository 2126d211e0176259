/** When each of many streams sends its next frame, in real time. */
import { FRAME_MS } from "./access_units.ts";

/** Frames in a segment of the benchmarks' 2 s. */
export const FRAMES_PER_SEGMENT = Math.round(2000 / FRAME_MS);
export const SEGMENT_MS = FRAMES_PER_SEGMENT * FRAME_MS;

/** How often a load generator looks what is due. */
const TICK_MS = 2;

/**
 * When which of `streams` encoders sends which frame: one after the other and round again, evenly
 * over a frame's time. They begin one by one over a segment's time, so that cuts are spread too.
 */
export class Schedule {
  readonly #streams: number;

  constructor(streams: number) {
    this.#streams = streams;
  }

  /** Milliseconds from the start at which `stream` sends `frame`. */
  timeMs(stream: number, frame: number): number {
    return (frame * this.#streams + stream) * FRAME_MS / this.#streams;
  }

  /** The first frame that `stream` sends. */
  firstFrame(stream: number): number {
    return Math.floor(stream * FRAMES_PER_SEGMENT / this.#streams);
  }

  /**
   * Calls `send` for everything in its time, until it is stopped.
   * @param next called before the first stream sends `frame`
   */
  run(
    { next, send }: {
      readonly next: (frame: number) => void;
      readonly send: (stream: number, frame: number) => void;
    },
  ): RunningSchedule {
    const startedAtMs = Date.now();
    const start = performance.now();
    let done = 0;
    let maxLagMs = 0;
    const timer = setInterval(() => {
      const elapsedMs = performance.now() - start;
      const due = Math.floor(elapsedMs * this.#streams / FRAME_MS);
      maxLagMs = Math.max(maxLagMs, (due - done) * FRAME_MS / this.#streams);
      for (; done < due; done++) {
        const stream = done % this.#streams;
        const frame = Math.floor(done / this.#streams);
        if (stream === 0) next(frame);
        if (frame >= this.firstFrame(stream)) send(stream, frame);
      }
    }, TICK_MS);
    return { startedAtMs, stop: () => clearInterval(timer), maxLagMs: () => maxLagMs };
  }
}

export interface RunningSchedule {
  /** Milliseconds since the epoch. */
  readonly startedAtMs: number;
  /** How far it was ever behind. */
  maxLagMs(): number;
  stop(): void;
}
