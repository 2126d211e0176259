// @ts-check
/// <reference lib="dom" />

/** So much is loaded before it sounds: with less, the first late segment breaks it off again. */
const HEAD_START_S = 4;
/** With more than this it has not run dry, but hiccuped. */
const DRY_S = 0.5;

/**
 * Holds the sound back, at its beginning and whenever it has run dry, until enough of it is loaded.
 * Else who waited for a show would hear each segment the moment it is there, and every hiccup of
 * the network.
 */
export class HeadStart {
  #audio;
  #complete = false;
  #onWaiting = () => {
    if (secondsAhead(this.#audio) < DRY_S) this.hold();
  };

  /** @param {HTMLAudioElement} audio */
  constructor(audio) {
    this.#audio = audio;
    audio.addEventListener("waiting", this.#onWaiting);
  }

  /** Nothing is to sound before there is enough. */
  hold() {
    // Not a pause, which would need the listener's leave to go on.
    this.#audio.playbackRate = 0;
    this.check();
  }

  /** More is loaded. */
  check() {
    const isEnough = this.#complete || secondsAhead(this.#audio) >= HEAD_START_S;
    if (isEnough && this.#audio.playbackRate === 0) this.#audio.playbackRate = 1;
  }

  /** No more will come. */
  complete() {
    this.#complete = true;
    this.check();
  }

  end() {
    this.#audio.removeEventListener("waiting", this.#onWaiting);
    this.#audio.playbackRate = 1;
  }
}

/** @param {HTMLAudioElement} audio */
function secondsAhead({ buffered, currentTime }) {
  const last = buffered.length - 1;
  return last < 0 ? 0 : buffered.end(last) - Math.max(currentTime, buffered.start(last));
}
