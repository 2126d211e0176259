// @ts-check
/// <reference lib="dom" />

/**
 * How far it is with what the listener wants: nothing (`stopped`), a show that is not there
 * (`waiting`), one that does not sound yet or any more (`connecting`), or to be `playing`. `blocked`:
 * the browser wants to see the listener press play first.
 * @typedef {"stopped" | "waiting" | "connecting" | "playing" | "blocked"} Phase
 */

/**
 * What plays one presentation of a playlist through an element. It may know that it takes longer
 * than usual until it plays.
 * @typedef {{ readonly patienceMs?: number, destroy(): void }} Engine
 */

/** So long it may stand still while there is something to be heard … */
export const PATIENCE_MS = 8000;
/** … and so long when the show is over, until what was loaded has been played. */
const LAST_WORDS_MS = 4000;
/** So long it is watched before it is judged whether it plays. */
const JUDGED_AFTER_MS = 200;
/** So long it stands still before that is said. */
const UNNOTICED_MS = 1500;
const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 15_000;
/** What has played for so long has recovered. */
const STEADY_MS = 10_000;

/**
 * Keeps a listener who pressed play listening: over the end and the return of the show, and
 * whatever the network or the player does. Tells of each change by the event `phase`.
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
  /** The furthest that was judged, in seconds of the element, and when it was. */
  #position = 0;
  #judgedAt = 0;
  /** When the sound last moved on, or was given reason to. */
  #movedAt = 0;
  #openedAt = 0;
  #failures = 0;
  #retryAt = 0;

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

  /** To be called while the listener presses something. */
  start() {
    if (this.#wanted) return;
    this.#wanted = true;
    this.wake();
    // Safari lets an element play later that was loaded by hand.
    if (this.#engine === undefined) this.#audio.load();
  }

  stop() {
    this.#wanted = false;
    this.#audio.pause();
    this.#close();
    this.#move("stopped");
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

  /** Something is different now: the network is back, the page is looked at. */
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
    if (stillForMs > UNNOTICED_MS) this.#move("connecting");
    if (stillForMs > this.#patienceMs(this.#engine)) this.#fail();
  }

  /**
   * Goes on with another element.
   * @param {HTMLAudioElement} audio
   */
  replace(audio) {
    this.#close();
    this.#audio = audio;
    this.#watch(audio);
    this.wake();
  }

  /**
   * Whether it has played on since it was last judged: further than ever, by about as much as time
   * went by. A player that is stuck is nudged, jumps, and falls back.
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
   * While the DJ's connection or the server is gone, or the show has hardly begun, what is loaded
   * may go on any time.
   * @param {Engine} engine
   */
  #patienceMs({ patienceMs = PATIENCE_MS }) {
    if (this.#state === "on-air") return patienceMs;
    return this.#state === "off-air" ? LAST_WORDS_MS : Infinity;
  }

  /** Where it stands is not what it has played to. */
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
    this.#judgeFromHere();
    this.#audio.play().catch((error) => {
      if (this.#engine !== engine || error.name !== "NotAllowedError") return;
      this.stop();
      this.#move("blocked");
    });
  }

  #fail() {
    this.#close();
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
    on("seeking", () => this.#judgeFromHere());
    on("error", () => this.#fail());
    on("ended", () => {
      this.#close();
      // What the server said before it ended does not count.
      this.#state = "off-air";
      this.check();
    });
    // By the headphones, the lock screen, or another app.
    on("pause", () => {
      if (!audio.ended && this.#wanted) this.stop();
    });
  }

  /** @param {Phase} phase */
  #move(phase) {
    if (phase === this.phase) return;
    this.phase = phase;
    this.dispatchEvent(new Event("phase"));
  }
}
