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
 * @property {string | null} [artwork] the URL of a picture
 * @property {string | null} [last_on_air] when it was last on air, where it is off air
 * @property {boolean} low_latency whether it can be played in low latency
 * @property {readonly ShownTitle[]} [titles] the last ones, the oldest first
 * @property {string | null} [rewind_from] from when on the show can be heard; null: only live
 */

/** After so many questions without an answer, the server counts as unreachable. */
const MAX_UNANSWERED = 2;

/** By more, the server's clock has been set. Less is the time that an answer was on its way. */
const CLOCK_SET_MS = 5000;

/** What is known of a broadcast, and whether the server still answers. */
export class Show {
  #unanswered = 0;
  /** What the server's clock is ahead of this page's, in milliseconds. */
  #aheadMs;

  /** @param {ShowStatus} status */
  constructor(status) {
    this.status = status;
    this.#aheadMs = aheadMs(status);
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
    this.status = status;
    // An answer that was on its way for long, or in a cache, tells less.
    const told = aheadMs(status);
    const isSet = Math.abs(told - this.#aheadMs) > CLOCK_SET_MS;
    this.#aheadMs = isSet ? told : Math.max(told, this.#aheadMs);
  }

  /** What the server's clock shows, in milliseconds since the epoch. */
  get now() {
    return performance.now() + this.#aheadMs;
  }

  /** Seconds since the show began, by the server's clock; `undefined` while it is off air. */
  get elapsedSeconds() {
    const { started_at: startedAt } = this.status;
    if (startedAt === null) return undefined;
    return Math.max(0, this.now - Date.parse(startedAt)) / 1000;
  }

  /** From when on it can be heard, by the server's clock; `undefined` where only live. */
  get rewindFrom() {
    const { rewind_from: from } = this.status;
    return typeof from === "string" ? Date.parse(from) : undefined;
  }
}

/** @param {ShowStatus} status that has just come */
function aheadMs({ now }) {
  return Date.parse(now) - performance.now();
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
