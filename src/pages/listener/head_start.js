// @ts-check
/// <reference lib="dom" />

/** With more than this it has not run dry, but hiccuped. */
const DRY_S = 0.5;

/**
 * Holds the sound back, at its beginning, after an outage and whenever it has run dry, until enough
 * of it is loaded. Else who waited for a show would hear each segment the moment it is there, and
 * every hiccup of the network.
 */
export class HeadStart {
  /** So many seconds are loaded before it sounds. */
  enoughS = 4;
  #audio;
  #complete = false;
  #onWaiting = () => {
    if (secondsAhead(this.#audio) < DRY_S) this.hold();
  };

  /** WebKitGTK takes no notice of a speed that was set before there was anything to play. */
  #onPlaying = () => {
    if (this.#audio.playbackRate > 0) return;
    this.#audio.playbackRate = 1;
    this.hold();
  };

  /** @param {HTMLAudioElement} audio */
  constructor(audio) {
    this.#audio = audio;
    audio.addEventListener("waiting", this.#onWaiting);
    audio.addEventListener("playing", this.#onPlaying);
  }

  /** Nothing is to sound before there is enough. */
  hold() {
    // Not a pause, which would need the listener's leave to go on.
    if (!this.#isEnough) this.#audio.playbackRate = 0;
  }

  /** More is loaded. */
  check() {
    const audio = this.#audio;
    if (!this.#isEnough || audio.playbackRate > 0) return;
    audio.playbackRate = 1;
    // WebKitGTK takes seconds to go on, unless it is asked for where it stands.
    const { currentTime } = audio;
    if (currentTime >= loaded(audio).start) audio.currentTime = currentTime;
  }

  /** No more will come. */
  complete() {
    this.#complete = true;
    this.check();
  }

  end() {
    this.#audio.removeEventListener("waiting", this.#onWaiting);
    this.#audio.removeEventListener("playing", this.#onPlaying);
    this.#audio.playbackRate = 1;
  }

  get #isEnough() {
    return this.#complete || secondsAhead(this.#audio) >= this.enoughS;
  }
}

/** @param {HTMLAudioElement} audio */
function secondsAhead(audio) {
  const { start, end } = loaded(audio);
  return end - Math.max(audio.currentTime, start);
}

/**
 * The last that is loaded without a hole, in seconds.
 * @param {HTMLAudioElement} audio
 */
function loaded({ buffered, currentTime }) {
  const last = buffered.length - 1;
  if (last < 0) return { start: currentTime, end: currentTime };
  return { start: buffered.start(last), end: buffered.end(last) };
}
