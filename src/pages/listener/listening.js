// @ts-check
/// <reference lib="dom" />
// What the listener wants, and how far it is done: opens the player, watches it, tries again.

/**
 * What this browser does for the listener.
 * - `stopped`: nothing; the listener has not pressed play
 * - `paused`: nothing; it goes on from the lock screen or the headphones too
 * - `waiting`: it waits for the show to begin
 * - `connecting`: the show is on, but does not sound yet, or not any more
 * - `playing`: it sounds
 * - `blocked`: the browser wants the listener to press play once more
 * @typedef {"stopped" | "paused" | "waiting" | "connecting" | "playing" | "blocked"} Phase
 */

/**
 * What plays a playlist through an element until it ends or fails. `patienceMs` is there where it
 * may take longer than usual until it plays. `playingAt` is the wall time of what sounds, by the
 * playlist, in milliseconds since the epoch; `undefined` where that is not known. After `rest` it
 * loads nothing more. `distanceS` is how far behind live it means to play, where it is known.
 * @typedef {object} Engine
 * @property {number} [patienceMs]
 * @property {number} [distanceS]
 * @property {number | undefined} [playingAt]
 * @property {() => void} [rest]
 * @property {() => void} destroy
 */

/** How long the sound may stand still while the show is on, before the player is opened anew … */
export const PATIENCE_MS = 8000;
/** … and once the show is over. What was loaded is played meanwhile. */
const LAST_WORDS_MS = 4000;
/** How long the player is watched before it is judged whether it plays. */
const JUDGED_AFTER_MS = 200;
/** How long the sound may stand still before the page says so. */
const UNNOTICED_MS = 1500;
/** It has to have played so many seconds since a stall for the next one to count. */
const BETWEEN_STALLS_S = 0.5;
/** Browsers that play by themselves are no farther behind live. */
const DISTANCE_S = 12;
const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 15_000;
/** After playing for this long, earlier failures no longer count. */
const STEADY_MS = 10_000;

/**
 * Keeps playing for a listener who pressed play: when the show ends and begins again, and when the
 * network or the player fails. Tells by events: of each change of phase by `phase`, by `stall` that
 * the sound stopped for lack of audio, and by `fail` that the player will be opened anew.
 */
export class Listening extends EventTarget {
  /** @type {Phase} */
  phase = "stopped";
  #audio;
  #open;
  #now;
  /** @type {Engine | undefined} */
  #engine;
  #wanted = false;
  #state = "off-air";
  /** The position when it was last judged, in seconds of the element, and when that was. */
  #position = 0;
  #judgedAt = 0;
  /** When the sound last moved on, or something changed that may have it move on. */
  #movedAt = 0;
  #openedAt = 0;
  #failures = 0;
  #retryAt = 0;
  /** Where the sound stalled last, in seconds of the element. */
  #stalledAt = -Infinity;

  /**
   * @param {HTMLAudioElement} audio
   * @param {object} options
   * @param {(audio: HTMLAudioElement, onFailed: () => void) => Engine} options.open
   * @param {() => number} [options.now] milliseconds since some start
   */
  constructor(audio, { open, now = () => performance.now() }) {
    super();
    this.#open = open;
    this.#now = now;
    this.#audio = audio;
    this.#watch(audio);
  }

  /** Whether the listener pressed play. */
  get wanted() {
    return this.#wanted;
  }

  /** The wall time of what sounds, see {@link Engine}. */
  get playingAt() {
    return this.#engine?.playingAt;
  }

  /** How far behind live it plays where nothing holds it up, in seconds. */
  get distanceS() {
    return this.#engine?.distanceS ?? DISTANCE_S;
  }

  /** To be called while the listener presses something. */
  start() {
    if (this.#wanted) return;
    this.#wanted = true;
    // What was paused is as old as the pause is long.
    this.#close();
    this.wake();
    // Safari lets an element play later without a press if it was loaded during one.
    if (this.#engine === undefined) this.#audio.load();
  }

  stop() {
    this.#wanted = false;
    this.#audio.pause();
    this.#close();
    this.#move("stopped");
  }

  /** As {@link stop}, but the browser still shows what it plays, to go on from there. */
  pause() {
    this.#wanted = false;
    this.#audio.pause();
    this.#engine?.rest?.();
    this.#move("paused");
  }

  /** Plays something else from now on: the player is opened anew. */
  reopen() {
    if (!this.#wanted) return this.#close();
    this.#close();
    this.wake();
  }

  /**
   * Takes what the server says of the show.
   * @param {string | undefined} state `undefined`: it does not answer
   */
  show(state = "unreachable") {
    if (state !== this.#state) this.#movedAt = this.#now();
    this.#state = state;
    this.check();
  }

  /** To be called when trying again may help: the network is back, or the page is visible. */
  wake() {
    this.#failures = 0;
    this.#retryAt = 0;
    this.check();
  }

  /** To be called every second or so. */
  check() {
    if (!this.#wanted) return;
    const now = this.#now();
    if (this.#engine === undefined) {
      const heard = this.#state === "on-air" || this.#state === "reconnecting";
      if (heard && now >= this.#retryAt) this.#begin();
      else this.#move(heard ? "connecting" : "waiting");
      return;
    }
    if (this.#hasPlayed(now)) {
      this.#movedAt = now;
      if (now - this.#openedAt > STEADY_MS) this.#failures = 0;
      if (!this.#audio.paused) this.#move("playing");
      return;
    }
    const stillForMs = now - this.#movedAt;
    if (stillForMs > this.#patienceMs(this.#engine)) this.#fail();
    else if (stillForMs > UNNOTICED_MS) {
      this.#stall();
      this.#move("connecting");
    }
  }

  /**
   * Plays through another element from now on.
   * @param {HTMLAudioElement} audio
   */
  replace(audio) {
    this.#close();
    this.#audio = audio;
    this.#watch(audio);
    this.wake();
  }

  /**
   * Whether it has played on since it was last judged: further than before, by about as much as
   * time has passed. hls.js makes a player that is stuck jump forward and back, which is not
   * playing.
   * @param {number} now
   */
  #hasPlayed(now) {
    const passedMs = now - this.#judgedAt;
    const playedMs = (this.#audio.currentTime - this.#position) * 1000;
    if (passedMs < JUDGED_AFTER_MS) return false;
    this.#judgedAt = now;
    if (playedMs <= 0) return false;
    this.#position = this.#audio.currentTime;
    return playedMs > passedMs / 2 && playedMs < passedMs * 2;
  }

  /**
   * How long the sound may stand still. While the DJ's connection is lost, the server does not
   * answer, or the show is starting, there is no limit: the audio may go on at any time.
   * @param {Engine} engine
   */
  #patienceMs({ patienceMs = PATIENCE_MS }) {
    if (this.#state === "on-air") return patienceMs;
    return this.#state === "off-air" ? LAST_WORDS_MS : Infinity;
  }

  /** Judges from the current position on, which it may have reached by a jump. */
  #judgeFromHere() {
    this.#position = this.#audio.currentTime;
    this.#judgedAt = this.#now();
  }

  #begin() {
    this.#openedAt = this.#movedAt = this.#now();
    this.#move("connecting");
    const engine = this.#open(this.#audio, () => {
      if (this.#engine === engine) this.#fail();
    });
    this.#engine = engine;
    this.#stalledAt = -Infinity;
    this.#judgeFromHere();
    this.#audio.play().catch((error) => {
      if (this.#engine !== engine || error.name !== "NotAllowedError") return;
      this.stop();
      this.#move("blocked");
    });
  }

  #stall() {
    const { currentTime } = this.#audio;
    if (this.phase !== "playing" || this.#state === "off-air") return;
    if (Math.abs(currentTime - this.#stalledAt) < BETWEEN_STALLS_S) return;
    this.#stalledAt = currentTime;
    this.dispatchEvent(new Event("stall"));
  }

  #fail() {
    this.#close();
    if (!this.#wanted) return;
    if (this.#state !== "off-air") this.dispatchEvent(new Event("fail"));
    const ms = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures++);
    this.#retryAt = this.#now() + ms * (0.75 + Math.random() / 2);
    this.#move(this.#state === "on-air" ? "connecting" : "waiting");
  }

  #close() {
    const engine = this.#engine;
    this.#engine = undefined;
    engine?.destroy();
  }

  /** @param {HTMLAudioElement} audio */
  #watch(audio) {
    /** @param {string} kind @param {() => void} handle */
    const on = (kind, handle) => {
      audio.addEventListener(kind, () => {
        if (audio === this.#audio && this.#engine !== undefined) handle();
      });
    };
    on("timeupdate", () => this.check());
    on("waiting", () => {
      if (!audio.seeking) this.#stall();
    });
    on("seeking", () => this.#judgeFromHere());
    on("error", () => this.#fail());
    on("ended", () => {
      this.#close();
      // What the server last said was before the end, so it no longer counts.
      this.#state = "off-air";
      this.check();
    });
    // Headphones, the lock screen or another app can pause it too.
    on("pause", () => {
      if (!audio.ended && this.#wanted) this.pause();
    });
  }

  /** @param {Phase} phase */
  #move(phase) {
    if (phase === this.phase) return;
    this.phase = phase;
    this.dispatchEvent(new Event("phase"));
  }
}
