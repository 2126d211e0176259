// @ts-check
/// <reference lib="dom" />
// What keys do, as the page's help says.

/**
 * Makes the keys work, but where a control of the page has them itself.
 * @param {object} options
 * @param {() => void} options.play plays, or stops
 * @param {(by: number) => void} options.volume changes the volume, in percent
 * @param {() => void} options.mute mutes, or no longer
 * @param {() => void} options.live comes back to live
 * @param {() => void} [options.help] says what the keys do
 */
export function setUpKeys({ play, volume, mute, live, help }) {
  document.addEventListener("keydown", (event) => {
    const { key, repeat, target } = event;
    const on = target instanceof Element ? target : document.body;
    const isOn = (/** @type {string} */ selector) => on.closest(selector) !== null;
    if (event.ctrlKey || event.metaKey || event.altKey || isOn(HAS_ALL_KEYS)) return;
    if (key === "ArrowUp" && !isOn(HAS_ARROWS)) volume(5);
    else if (key === "ArrowDown" && !isOn(HAS_ARROWS)) volume(-5);
    else if (repeat) return;
    else if (key === " " && !isOn(HAS_SPACE) || key === "k") play();
    else if (key === "m") mute();
    else if (key === "l") live();
    else if (key === "?" && help !== undefined) help();
    else return;
    event.preventDefault();
  });
}

const HAS_ALL_KEYS = "input:not([type=range]), textarea, dialog";
const HAS_ARROWS = "[type=range]";
/** Pressed by it, or, where the page is longer than the window, scrolled past. */
const HAS_SPACE = "button, summary, a";
