// @ts-check
/// <reference lib="dom" />
// What is played: the show as it is live, or from an earlier moment on.

import { LowLatencyTrial } from "./low_latency_trial.js";

/**
 * - `low`: live, in low latency
 * - `ordinary`: live, some seconds later
 * - `rewind`: the running show from an earlier moment on
 * @typedef {"low" | "ordinary" | "rewind"} SourceKind
 */

/**
 * What an engine plays. `from` is the wall time, in milliseconds since the epoch, from which a show
 * is played that is not played live.
 * @typedef {{ kind: SourceKind, playlist: string, from?: number | undefined }} Source
 */

/** @type {Readonly<Record<SourceKind, string>>} */
const PLAYLISTS = { low: "low.m3u8", ordinary: "playlist.m3u8", rewind: "show.m3u8" };

/** What is nearer to live than this is played live: it is not in the recording yet. */
const NEAREST_MS = 20_000;
/** After so many failures without sound between them, an earlier moment is given up. */
const MAX_FAILURES = 2;

/** An answer that takes longer is none. */
const ANSWER_MS = 8000;

/** Knows what the listener wants to hear. Tells by the event `change` that something else is to be played. */
export class Sources extends EventTarget {
  #trial;
  #isThere;
  /** Whether the server has the show in low latency. */
  #isOffered = false;
  /** @type {SourceKind | undefined} */
  #opened;
  /** @type {number | undefined} */
  #from;
  #failures = 0;

  /**
   * @param {() => number} now milliseconds since some start
   * @param {(playlist: string) => Promise<boolean>} isThere whether the server gives a playlist now
   */
  constructor(now = () => performance.now(), isThere = isGiven) {
    super();
    this.#isThere = isThere;
    this.#trial = new LowLatencyTrial(now);
  }

  /** Tells what is to be opened; it counts as opened from now on. @returns {Source} */
  open() {
    const kind = this.#wanted;
    this.#opened = kind;
    return { kind, playlist: PLAYLISTS[kind], from: this.#from };
  }

  /** What was opened last; `undefined` where nothing was. */
  get kind() {
    return this.#opened;
  }

  /** From when on the show is to be played; `undefined`: live. */
  get from() {
    return this.#from;
  }

  /** Whether pressing "go to live" could bring the listener nearer to it. */
  get isBehind() {
    return this.#from !== undefined || (this.#isOffered && this.#opened === "ordinary");
  }

  /** @returns {SourceKind} */
  get #wanted() {
    if (this.#from !== undefined) return "rewind";
    return this.#isOffered && this.#trial.isCarried ? "low" : "ordinary";
  }

  /**
   * Takes whether the server has the show in low latency.
   * @param {boolean} isOffered
   * @param {boolean} isWaited whether the listener still waits for the sound of what was opened;
   *   what sounds already goes on as it is
   */
  offer(isOffered, isWaited) {
    this.#isOffered = isOffered;
    const isBetter = this.#opened === "ordinary" && this.#wanted === "low";
    if (isBetter && isWaited) this.#change();
  }

  /** Plays live from now on. */
  goLive() {
    this.#from = undefined;
    this.#trial.tryAgain();
    this.#change();
  }

  /**
   * Plays the running show from an earlier moment on.
   * @param {number} from wall time, in milliseconds since the epoch
   * @param {number} live the same of what is live
   */
  rewind(from, live) {
    if (from > live - NEAREST_MS) return this.goLive();
    this.#from = from;
    this.#failures = 0;
    this.#change();
  }

  /** The show that was rewound is over. */
  end() {
    this.#from = undefined;
  }

  /**
   * It plays; to be called every second or so.
   * @param {number | undefined} at the wall time of what sounds, where it is known
   */
  plays(at) {
    if (this.#opened === "rewind") {
      // What is opened anew goes on from here.
      if (this.#from !== undefined) this.#from = at ?? this.#from;
      this.#failures = 0;
    } else if (!this.#trial.isCarried) {
      this.#trial.check();
      if (this.#wanted !== this.#opened) this.#tryLow();
    }
  }

  /** The sound stopped for lack of audio. */
  stalled() {
    this.#countStall();
    if (this.#opened === "low" && this.#wanted !== "low") this.#change();
  }

  /** What plays it has failed, and will be opened anew. */
  failed() {
    this.#countStall();
    if (this.#opened === "rewind" && ++this.#failures >= MAX_FAILURES) this.#from = undefined;
  }

  /** The server has no room for another show in low latency. */
  refused() {
    this.#trial.refused();
    if (this.#opened === "low") this.#change();
  }

  /** A request was answered. @param {number} ms how long it took */
  answered(ms) {
    if (this.#opened === "ordinary") this.#trial.answered(ms);
  }

  #countStall() {
    // The ordinary playlist tells of low latency only after that was given up.
    if (this.#opened === "low" || !this.#trial.isCarried) this.#trial.stalled();
  }

  /** What sounds goes on where the server refuses low latency. */
  async #tryLow() {
    const isThere = await this.#isThere(PLAYLISTS.low);
    // The listener may have chosen something else meanwhile.
    if (this.#opened !== "ordinary" || this.#wanted !== "low") return;
    if (isThere) this.#change();
    else this.#trial.refused();
  }

  #change() {
    this.dispatchEvent(new Event("change"));
  }
}

/** @param {string} playlist */
async function isGiven(playlist) {
  try {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const asked = { method: "HEAD", signal, cache: "no-store", credentials: "omit" };
    return (await fetch(playlist, /** @type {RequestInit} */ (asked))).ok;
  } catch {
    // There is no connection, or none that would do.
    return false;
  }
}
