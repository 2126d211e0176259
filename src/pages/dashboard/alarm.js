// @ts-check
/// <reference lib="dom" />
// The sound at a new trouble, which operators may switch on. The browser remembers that.

import { tell } from "./dialog.js";
import { element, setText } from "./table.js";
import { keysOf } from "./troubles.js";

const KEY = "echo-alarm";
/** Two tones: hertz, and when each begins, in seconds. */
const TONES = [[880, 0], [660, 0.18]];
const TONE_SECONDS = 0.15;

/** Sounds at each trouble that was not there before, where it is switched on. */
export class Alarm {
  #button = element("sound");
  #isOn = recall();
  /** What is wrong already; `undefined` until that is known. @type {Set<string> | undefined} */
  #known;
  /** @type {AudioContext | undefined} */
  #audio;

  constructor() {
    this.#button.addEventListener("click", () => {
      this.#isOn = !this.#isOn;
      remember(this.#isOn);
      this.#show();
      if (this.#isOn) this.#sound();
    });
    this.#show();
    // Browsers play nothing on a page that nobody has touched.
    if (this.#isOn && !navigator.userActivation?.hasBeenActive) {
      tell("The alarm sounds once you have pressed something on this page.");
    }
  }

  /** @param {import("./troubles.js").Trouble[]} troubles all that is wrong now */
  hear(troubles) {
    const known = this.#known;
    const keys = keysOf(troubles);
    this.#known = new Set(keys);
    const isNew = known !== undefined && keys.some((key) => !known.has(key));
    if (isNew && this.#isOn && navigator.userActivation?.hasBeenActive) this.#sound();
  }

  #show() {
    this.#button.setAttribute("aria-pressed", String(this.#isOn));
    setText(this.#button, this.#isOn ? "Alarm on" : "Alarm off");
  }

  #sound() {
    const audio = this.#audio ??= new AudioContext();
    void audio.resume();
    const volume = audio.createGain();
    volume.gain.value = 0.2;
    volume.connect(audio.destination);
    for (const [hertz = 0, after = 0] of TONES) {
      const tone = audio.createOscillator();
      tone.frequency.value = hertz;
      tone.connect(volume);
      tone.start(audio.currentTime + after);
      tone.stop(audio.currentTime + after + TONE_SECONDS);
    }
  }
}

/** Whether it was on last time. A browser may forbid storage. */
function recall() {
  try {
    return localStorage.getItem(KEY) === "on";
  } catch {
    return false;
  }
}

/** @param {boolean} isOn */
function remember(isOn) {
  try {
    localStorage.setItem(KEY, isOn ? "on" : "off");
  } catch {
    // Then it is forgotten.
  }
}
