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

/** Knows what the listener wants to hear. Tells by the event `change` that something else is to be played. */
export class Sources extends EventTarget {
  #lowLatency;
  /** @type {number | undefined} */
  #from;
  #failures = 0;

  /**
   * @param {object} options
   * @param {boolean} options.lowLatency whether the server has it
   * @param {() => number} [options.now] milliseconds since some start
   */
  constructor({ lowLatency, now }) {
    super();
    this.#lowLatency = new LowLatencyTrial({ offered: lowLatency, ...now && { now } });
  }

  /** @returns {Source} */
  get current() {
    const kind = this.kind;
    return { kind, playlist: PLAYLISTS[kind], from: this.#from };
  }

  /** @returns {SourceKind} */
  get kind() {
    if (this.#from !== undefined) return "rewind";
    return this.#lowLatency.isCarried ? "low" : "ordinary";
  }

  /** Whether pressing "go to live" could bring the listener nearer to it. */
  get isBehind() {
    return this.kind === "rewind" || this.#lowLatency.isGivenUp;
  }

  /** Plays live from now on. */
  goLive() {
    this.#from = undefined;
    this.#lowLatency.tryAgain();
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
    if (this.kind === "rewind") {
      // What is opened anew goes on from here.
      this.#from = at ?? this.#from;
      this.#failures = 0;
      return;
    }
    const before = this.kind;
    this.#lowLatency.check();
    if (this.kind !== before) this.#change();
  }

  /** The sound stopped for lack of audio. */
  stalled() {
    if (this.kind === "rewind") return;
    const before = this.kind;
    this.#lowLatency.stalled();
    if (this.kind !== before) this.#change();
  }

  /** What plays it has failed, and will be opened anew. */
  failed() {
    if (this.kind !== "rewind") this.#lowLatency.stalled();
    else if (++this.#failures >= MAX_FAILURES) this.#from = undefined;
  }

  /** A request was answered. @param {number} ms how long it took */
  answered(ms) {
    if (this.kind === "ordinary") this.#lowLatency.answered(ms);
  }

  #change() {
    this.dispatchEvent(new Event("change"));
  }
}
