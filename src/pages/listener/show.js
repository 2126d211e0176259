// @ts-check
/// <reference lib="dom" />
// What a page shows of a broadcast, and for how long it has been on air.

/**
 * What the server tells of a broadcast.
 * @typedef {object} ShowStatus
 * @property {string} name
 * @property {"off-air" | "starting" | "on-air" | "reconnecting"} state
 * @property {string | null} started_at
 * @property {string} now
 * @property {number} listeners
 * @property {string | null} title
 * @property {string | null} artist
 */

/** Unanswered questions until the server counts as gone. */
const MAX_UNANSWERED = 2;

/** What is known of a broadcast, and since when. */
export class Show {
  #heardAt = performance.now();
  #unanswered = 0;

  /** @param {ShowStatus} status */
  constructor(status) {
    this.status = status;
  }

  get reachable() {
    return this.#unanswered < MAX_UNANSWERED;
  }

  /** @param {ShowStatus | undefined} status `undefined`: no answer */
  update(status) {
    if (status === undefined) {
      this.#unanswered++;
      return;
    }
    this.#unanswered = 0;
    this.#heardAt = performance.now();
    this.status = status;
  }

  /** Since it began, by the server's clock; `undefined` while it is off air. */
  get elapsedSeconds() {
    const { started_at: startedAt, now } = this.status;
    if (startedAt === null) return undefined;
    const untilHeard = Date.parse(now) - Date.parse(startedAt);
    return Math.max(0, untilHeard + performance.now() - this.#heardAt) / 1000;
  }
}

/**
 * As `1:02:03`.
 * @param {number} seconds
 */
export function formatElapsed(seconds) {
  const whole = Math.floor(seconds);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const tail = `${whole % 60}`.padStart(2, "0");
  return hours > 0 ? `${hours}:${`${minutes}`.padStart(2, "0")}:${tail}` : `${minutes}:${tail}`;
}
