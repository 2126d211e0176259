// @ts-check
/// <reference lib="dom" />
// Keeps the sound back until enough audio is loaded.

/** With more seconds loaded than this, the sound did not stop for lack of audio. */
const DRY_S = 0.5;

/**
 * Holds the sound back until enough audio is loaded: at the beginning, after an outage, and
 * whenever no audio was left. Else a listener who waited for the show would hear each segment as
 * soon as it arrives, and so hear every short break of the network.
 */
export class HeadStart {
  /** How many seconds have to be loaded before it sounds. */
  enoughS = 4;
  #audio;
  #complete = false;
  #onWaiting = () => {
    if (secondsAhead(this.#audio) < DRY_S) this.hold();
  };

  /** WebKitGTK ignores a speed that was set before there was anything to play. */
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

  /** Stops the sound until enough is loaded. */
  hold() {
    // It is not a pause, because the browser might want the listener to press play after one.
    if (!this.#isEnough) this.#audio.playbackRate = 0;
  }

  /** To be called when more is loaded: goes on if it is enough. */
  check() {
    const audio = this.#audio;
    if (!this.#isEnough || audio.playbackRate > 0) return;
    audio.playbackRate = 1;
    // WebKitGTK takes seconds to go on, unless it is told to seek to where it is.
    const { currentTime } = audio;
    if (currentTime >= loaded(audio).start) audio.currentTime = currentTime;
  }

  /** To be called when no more audio will come: goes on with what there is. */
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
 * The last loaded range without a gap, in seconds.
 * @param {HTMLAudioElement} audio
 */
function loaded({ buffered, currentTime }) {
  const last = buffered.length - 1;
  if (last < 0) return { start: currentTime, end: currentTime };
  return { start: buffered.start(last), end: buffered.end(last) };
}
