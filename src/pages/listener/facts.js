// @ts-check
/// <reference lib="dom" />
// How long a show has been on air and who listens, or when it was last on air.

import { formatElapsed } from "./show.js";

const DAY_MS = 86_400_000;

/**
 * Shows what is known.
 * @param {import("./show.js").Show} show
 */
export function renderFacts(show) {
  const { status, elapsedSeconds } = show;
  const { listeners, last_on_air: last } = status;
  const isLast = elapsedSeconds === undefined && typeof last === "string";
  hide("on-air-fact", elapsedSeconds === undefined);
  hide("listeners-fact", elapsedSeconds === undefined || listeners === 0);
  hide("last-fact", !isLast);
  if (elapsedSeconds !== undefined) {
    write("elapsed", formatElapsed(elapsedSeconds));
    write("since", `since ${timeOf(new Date(Date.now() - elapsedSeconds * 1000))}`);
    write("listeners", String(listeners));
  }
  if (!isLast) return;
  const at = new Date(last);
  write("last", timeOf(at));
  write("last-day", dayInWords(at, new Date()));
}

/**
 * The day of a time, as people say it.
 * @param {Date} at
 * @param {Date} now
 */
export function dayInWords(at, now) {
  const days = Math.round((midnight(now) - midnight(at)) / DAY_MS);
  if (days === 0) return "today";
  if (days === 1) return "yesterday";
  return at.toLocaleDateString([], { weekday: "long", day: "numeric", month: "long" });
}

/** @param {Date} at */
function midnight(at) {
  return new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime();
}

/** @param {Date} at */
function timeOf(at) {
  return at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

/** @param {string} id @param {boolean} isHidden */
function hide(id, isHidden) {
  document.getElementById(id)?.toggleAttribute("hidden", isHidden);
}

/** @param {string} id @param {string} text */
function write(id, text) {
  const target = document.getElementById(id);
  if (target !== null && target.textContent !== text) target.textContent = text;
}
