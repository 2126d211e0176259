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
    if (event.ctrlKey || event.metaKey || event.altKey || on.closest(HAS_KEYS) !== null) return;
    if (key === "ArrowUp") volume(5);
    else if (key === "ArrowDown") volume(-5);
    else if (repeat) return;
    else if (key === " " && on.closest(PRESSED_BY_SPACE) === null || key === "k") play();
    else if (key === "m") mute();
    else if (key === "l") live();
    else if (key === "?" && help !== undefined) help();
    else return;
    event.preventDefault();
  });
}

const HAS_KEYS = "input, textarea, dialog, a";
const PRESSED_BY_SPACE = "button, summary";
