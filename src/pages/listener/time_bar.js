// @ts-check
/// <reference lib="dom" />
// How far behind live it plays, the way back, and the bar of the show's time where it can be rewound.

import { formatElapsed } from "./show.js";

/**
 * What is shown. Times are wall times in milliseconds since the epoch.
 * @typedef {object} ShownTime
 * @property {number} now what is live
 * @property {number | undefined} at what is heard, or would be after play is pressed; `undefined`:
 *   what is live, or it is not known
 * @property {number | undefined} begin from when on the show can be heard; `undefined`: only live
 * @property {number} mostS from so many seconds on, who plays live can get nearer to it
 * @property {boolean} isBehind whether the listener can get nearer to live in any case
 */

/** Nearer to live than this, the bar is at its end. */
const LIVE_MS = 20_000;
/** Who goes back from live goes back so far at least. */
const BACK_MS = 25_000;

/**
 * Makes the bar and the button work.
 * @param {object} options
 * @param {() => void} options.onLive the listener wants to hear what is live
 * @param {(at: number) => void} options.onMove the listener wants to hear the show from then on
 * @returns {(time: ShownTime) => void} to be called every second or so
 */
export function setUpTimeBar({ onLive, onMove }) {
  const control = /** @type {HTMLElement} */ (document.getElementById("bar-control"));
  const bar = /** @type {HTMLInputElement} */ (document.getElementById("bar"));
  const live = /** @type {HTMLElement} */ (document.getElementById("live"));
  /** @type {ShownTime | undefined} */
  let shown;
  /** What the bar had before it was moved. */
  let shownValue = 0;
  let isDragged = false;

  bar.addEventListener("input", () => {
    isDragged = true;
    if (shown !== undefined) showPlace({ ...shown, at: Number(bar.value) });
  });
  bar.addEventListener("change", () => {
    isDragged = false;
    const chosen = Number(bar.value);
    // A step back may end in what counts as live.
    const nearest = Math.max(shown?.begin ?? 0, (shown?.now ?? 0) - BACK_MS);
    onMove(chosen < shownValue ? Math.min(chosen, nearest) : chosen);
    shownValue = chosen;
  });
  // What is dragged and put back is no change.
  bar.addEventListener("pointerup", () => isDragged = false);
  live.addEventListener("click", onLive);

  /** @param {ShownTime} time */
  function showPlace({ now, at, begin }) {
    const behindS = at === undefined ? 0 : Math.max(0, now - at) / 1000;
    const behind = at === undefined ? "" : `${formatBehind(behindS)} behind live`;
    const isPast = begin !== undefined && at !== undefined && now - at > LIVE_MS;
    write("behind", isPast ? `${clock(at)} · ${behind}` : behind);
    bar.setAttribute("aria-valuetext", isPast ? `${clock(at)}, ${behind}` : "live");
    const [min, max] = [Number(bar.min), Number(bar.max)];
    bar.style.setProperty("--value", `${100 * (Number(bar.value) - min) / (max - min)}%`);
  }

  return (time) => {
    shown = time;
    const { now, at, begin, mostS, isBehind } = time;
    control.hidden = begin === undefined;
    live.hidden = at === undefined || !(isBehind || (now - at) / 1000 > mostS);
    if (isDragged) return;
    if (begin !== undefined) {
      // Whole steps, or the end could not be reached. What lies ahead of live is live.
      const [min, step] = [Math.floor(begin), Number(bar.step)];
      bar.min = `${min}`;
      bar.max = `${min + step * Math.ceil((now - min) / step)}`;
      bar.value = `${at === undefined || now - at < LIVE_MS ? bar.max : Math.round(at)}`;
      shownValue = Number(bar.value);
      write("begin", clock(begin));
    }
    showPlace(time);
  };
}

/** @param {number} seconds */
function formatBehind(seconds) {
  return seconds < 60 ? `${Math.max(1, Math.round(seconds))} s` : formatElapsed(seconds);
}

/** @param {number} at */
function clock(at) {
  return new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

/** @param {string} id @param {string} text */
function write(id, text) {
  const target = document.getElementById(id);
  if (target !== null && target.textContent !== text) target.textContent = text;
}
