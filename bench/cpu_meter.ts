/** How much of a core processes use. */
import { type CpuTime, cpuTime, machineCpuTime } from "./process_usage.ts";

/** Percent of a core. */
export interface CpuShare {
  readonly user: number;
  readonly system: number;
  /** Both together. */
  readonly all: number;
}

/** Measures what processes use, from when it is made. */
export class CpuMeter {
  readonly #pids: readonly number[];
  readonly #before: CpuTime;
  readonly #startedAt = performance.now();

  /** @param pids processes that live as long as they are measured */
  constructor(...pids: readonly number[]) {
    this.#pids = pids;
    this.#before = this.#used();
  }

  /** What they have used since this was made. @throws {Deno.errors.NotFound} one is gone */
  share(): CpuShare {
    const percent = 100 * 1000 / (performance.now() - this.#startedAt);
    const now = this.#used();
    const user = percent * (now.user - this.#before.user);
    const system = percent * (now.system - this.#before.system);
    return { user, system, all: user + system };
  }

  #used(): CpuTime {
    const times = this.#pids.map(cpuTime);
    return {
      user: times.reduce((sum, { user }) => sum + user, 0),
      system: times.reduce((sum, { system }) => sum + system, 0),
    };
  }
}

/** Measures what all processes of this machine use together, from when it is made. */
export class MachineMeter {
  readonly #before = machineCpuTime();
  readonly #startedAt = performance.now();

  /** Percent of a core that they have used since this was made. */
  share(): number {
    return 100 * 1000 * (machineCpuTime() - this.#before) / (performance.now() - this.#startedAt);
  }
}
