// @ts-check
/// <reference lib="dom" />
// Whether this listener's network carries low latency.

/** So many stalls … */
const STALLS = 2;
/** … within so long, and the network does not carry it, … */
const STALLS_WITHIN_MS = 60_000;
/** … until the ordinary playlist has played smoothly for so long. Each trial in vain doubles that. */
const SMOOTH_MS = 60_000;
const MAX_SMOOTH_MS = 16 * 60_000;
/** An answer that takes longer would come too late in low latency. */
const SLOW_MS = 400;

/** Decides by stalls and by the time that answers take. */
export class LowLatencyTrial {
  #now;
  #carried = true;
  /** When the sound stalled in low latency. @type {number[]} */
  #stalls = [];
  /** When low latency was last begun with. */
  #begunAt;
  /** Since when there was neither a stall nor a slow answer. */
  #smoothSince;
  #smoothMs = SMOOTH_MS;

  /** @param {() => number} now milliseconds since some start */
  constructor(now) {
    this.#now = now;
    this.#begunAt = this.#smoothSince = now();
  }

  /** Whether low latency is to be played, as far as is known. */
  get isCarried() {
    return this.#carried;
  }

  /** The sound stopped for lack of audio, or the player failed. */
  stalled() {
    const now = this.#now();
    this.#smoothSince = now;
    if (!this.#carried) return;
    this.#stalls = [...this.#stalls.filter((at) => now - at < STALLS_WITHIN_MS), now];
    if (this.#stalls.length < STALLS) return;
    this.#carried = false;
    if (now - this.#begunAt > MAX_SMOOTH_MS) this.#smoothMs = SMOOTH_MS;
  }

  /** The server has no room for it now. */
  refused() {
    this.#carried = false;
    this.#smoothSince = this.#now();
  }

  /** A request for the ordinary playlist or one of its segments was answered. @param {number} ms */
  answered(ms) {
    if (ms > SLOW_MS) this.#smoothSince = this.#now();
  }

  /** To be called every second or so while it plays: tries low latency again after a while. */
  check() {
    if (this.#carried || this.#now() - this.#smoothSince < this.#smoothMs) return;
    this.#begin();
    this.#smoothMs = Math.min(MAX_SMOOTH_MS, this.#smoothMs * 2);
  }

  /** The listener wants to be as near to live as can be. */
  tryAgain() {
    this.#begin();
    this.#smoothMs = SMOOTH_MS;
  }

  #begin() {
    this.#carried = true;
    this.#stalls = [];
    this.#begunAt = this.#now();
  }
}
