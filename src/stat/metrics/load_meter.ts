/** How busy the server is: processor time, memory, how late timers fire and segments are listed. */
import process from "node:process";
import type { Clock } from "../../session/clock.ts";

/** Of what was measured since the reading before; 0 where there was nothing. */
export interface Spread {
  readonly mean: number;
  readonly max: number;
}

/** How the server fares. */
export interface Load {
  /** Processors that it kept busy since the reading before: 1 is a whole one. */
  readonly processors: number;
  /** Resident memory. */
  readonly memoryBytes: number;
  /** How late timers fired. */
  readonly eventLoopLagMs: Spread;
  /** How long after they were due segments were listed. */
  readonly segmentLatenessMs: Spread;
}

/**
 * Measures how the server fares from one reading to the next, for one reader: each reading begins
 * anew.
 */
export class LoadMeter {
  readonly #clock: Clock;
  readonly #lag = new Measurements();
  readonly #lateness = new Measurements();
  #readAt: number;
  #processorMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#readAt = clock.monotonic();
    this.#processorMs = processorMs();
  }

  /** A timer fired so late. */
  timerFired(lateMs: number): void {
    this.#lag.add(lateMs);
  }

  /** A segment was listed so late. */
  segmentListed(lateMs: number): void {
    this.#lateness.add(lateMs);
  }

  /** How the server fared since the reading before, or the start. */
  read(): Load {
    const now = this.#clock.monotonic();
    const usedMs = processorMs();
    const processors = now > this.#readAt ? (usedMs - this.#processorMs) / (now - this.#readAt) : 0;
    this.#readAt = now;
    this.#processorMs = usedMs;
    return {
      processors,
      memoryBytes: Deno.memoryUsage().rss,
      eventLoopLagMs: this.#lag.take(),
      segmentLatenessMs: this.#lateness.take(),
    };
  }
}

/** Time on all processors since the process started, in milliseconds. */
export function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

class Measurements {
  #count = 0;
  #sum = 0;
  #max = 0;

  add(value: number): void {
    this.#count++;
    this.#sum += value;
    this.#max = Math.max(this.#max, value);
  }

  take(): Spread {
    const spread = { mean: this.#count === 0 ? 0 : this.#sum / this.#count, max: this.#max };
    this.#count = this.#sum = this.#max = 0;
    return spread;
  }
}
