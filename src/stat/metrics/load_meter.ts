/** How busy the server is: processor time, memory, how late timers fire and segments are listed. */
import process from "node:process";
import type { Clock } from "../../session/clock.ts";

/** How the server fared since the reading before. */
export interface Load {
  /** Processors that it kept busy: 1 is a whole one. */
  readonly processors: number;
  /** Resident memory. */
  readonly memoryBytes: number;
  /** How late a timer fired, at most; 0 where none did. */
  readonly eventLoopLagMs: number;
  /** How long after it was due a segment was listed, at most; 0 where none was. */
  readonly segmentLatenessMs: number;
}

/**
 * Measures how the server fares from one reading to the next, for one reader: each reading begins
 * anew.
 */
export class LoadMeter {
  readonly #clock: Clock;
  #lagMs = 0;
  #latenessMs = 0;
  #readAt: number;
  #processorMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#readAt = clock.monotonic();
    this.#processorMs = processorMs();
  }

  /** A timer fired so late. */
  timerFired(lateMs: number): void {
    this.#lagMs = Math.max(this.#lagMs, lateMs);
  }

  /** A segment was listed so late. */
  segmentListed(lateMs: number): void {
    this.#latenessMs = Math.max(this.#latenessMs, lateMs);
  }

  /** How the server fared since the reading before, or the start. */
  read(): Load {
    const now = this.#clock.monotonic();
    const usedMs = processorMs();
    const processors = now > this.#readAt ? (usedMs - this.#processorMs) / (now - this.#readAt) : 0;
    const load = {
      processors,
      memoryBytes: Deno.memoryUsage().rss,
      eventLoopLagMs: this.#lagMs,
      segmentLatenessMs: this.#latenessMs,
    };
    this.#readAt = now;
    this.#processorMs = usedMs;
    this.#lagMs = this.#latenessMs = 0;
    return load;
  }
}

/** Time on all processors since the process started, in milliseconds. */
export function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
