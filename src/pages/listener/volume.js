// @ts-check
/// <reference lib="dom" />
// The volume control.

const KEY = "echo-volume";

/**
 * Makes the volume control work; the browser remembers its value. Where a page cannot set the
 * volume, as on iPhones, the control is hidden.
 * @param {HTMLAudioElement} audio
 */
export function setUpVolume(audio) {
  const slider = /** @type {HTMLInputElement} */ (document.getElementById("volume"));
  const control = document.getElementById("volume-control");
  audio.volume = 0.5;
  if (audio.volume !== 0.5) control?.setAttribute("hidden", "");
  let current = audio;
  let unmuted = 100;

  /** @param {number} percent */
  function set(percent) {
    const value = Math.min(100, Math.max(0, Math.round(percent)));
    slider.value = `${value}`;
    slider.style.setProperty("--value", `${value}%`);
    slider.setAttribute("aria-valuetext", `${value} percent`);
    // The ear hears ratios, so equal steps of the slider are not equal steps of the volume.
    current.volume = (value / 100) ** 2;
    remember(value);
  }

  slider.addEventListener("input", () => set(Number(slider.value)));
  set(recall());
  return {
    /** @param {number} by percent */
    change: (by) => set(Number(slider.value) + by),
    mute() {
      const value = Number(slider.value);
      if (value > 0) unmuted = value;
      set(value > 0 ? 0 : unmuted);
    },
    /** @param {HTMLAudioElement} audio the element to control from now on */
    control(audio) {
      current = audio;
    },
  };
}

/** The volume of last time, in percent. Pages in frames may have no storage. */
function recall() {
  try {
    const stored = localStorage.getItem(KEY);
    const percent = Number(stored ?? 100);
    return Number.isFinite(percent) ? percent : 100;
  } catch {
    return 100;
  }
}

/** @param {number} percent */
function remember(percent) {
  try {
    localStorage.setItem(KEY, `${percent}`);
  } catch {
    // Then it is forgotten.
  }
}
