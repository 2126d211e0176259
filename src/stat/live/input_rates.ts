/** How many bits a second arrive, for each session and for all. */
import type { Session } from "../../session/session.ts";

interface Measured {
  readonly bytes: number;
  readonly bitrate: number | undefined;
}

/** How fast audio arrives, from one measurement to the next. */
export class InputRates {
  #sessions = new Map<number, Measured>();
  #measuredAt: number;

  /** @param now milliseconds since some start */
  constructor(now: number) {
    this.#measuredAt = now;
  }

  /** @returns bits a second of all sessions together, since the measurement before */
  measure(sessions: readonly Pick<Session, "id" | "inputBytes">[], now: number): number {
    const seconds = (now - this.#measuredAt) / 1000;
    const measured = new Map<number, Measured>();
    let total = 0;
    for (const { id, inputBytes: bytes } of sessions) {
      const before = this.#sessions.get(id);
      const bitrate = seconds > 0 ? 8 * (bytes - (before?.bytes ?? 0)) / seconds : 0;
      // A session that began in between sent for a part of the time only.
      measured.set(id, { bytes, bitrate: before && bitrate });
      total += bitrate;
    }
    this.#sessions = measured;
    this.#measuredAt = now;
    return total;
  }

  /** Bits a second of a session, between the last two measurements. */
  of(id: number): number | undefined {
    return this.#sessions.get(id)?.bitrate;
  }
}
