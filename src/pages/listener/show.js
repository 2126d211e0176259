// @ts-check
/// <reference lib="dom" />
// What this page knows of a broadcast from the server.

/**
 * A title, and from when on it is heard, by the playlist's wall time.
 * @typedef {{ title: string | null, artist: string | null, at: string }} ShownTitle
 */

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
 * @property {readonly ShownTitle[]} [titles] the last ones, the oldest first
 */

/** After so many questions without an answer, the server counts as unreachable. */
const MAX_UNANSWERED = 2;

/** What is known of a broadcast, and whether the server still answers. */
export class Show {
  #heardAt = performance.now();
  #unanswered = 0;

  /** @param {ShowStatus} status */
  constructor(status) {
    this.status = status;
  }

  /** Whether the server answers. */
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

  /** Seconds since the show began, by the server's clock; `undefined` while it is off air. */
  get elapsedSeconds() {
    const { started_at: startedAt, now } = this.status;
    if (startedAt === null) return undefined;
    const untilHeard = Date.parse(now) - Date.parse(startedAt);
    return Math.max(0, untilHeard + performance.now() - this.#heardAt) / 1000;
  }
}

/**
 * Formats seconds as `1:02:03`.
 * @param {number} seconds
 */
export function formatElapsed(seconds) {
  const whole = Math.floor(seconds);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const tail = `${whole % 60}`.padStart(2, "0");
  return hours > 0 ? `${hours}:${`${minutes}`.padStart(2, "0")}:${tail}` : `${minutes}:${tail}`;
}
