// @ts-check
/// <reference lib="dom" />
// The script of the page that shows who is on air: it keeps the list up to date.

import { Polling } from "./polling.js";
import { formatElapsed, Show } from "./show.js";

/** @typedef {import("./show.js").ShowStatus} ShowStatus */

const POLL_MS = 2000;
const TICK_MS = 1000;

/**
 * @typedef {object} Row
 * @property {HTMLLIElement} item
 * @property {Show} show
 */

const main = /** @type {HTMLElement} */ (document.getElementById("index"));
const list = /** @type {HTMLElement} */ (document.getElementById("shows"));
const path = main.dataset.path ?? "";
const labels = JSON.parse(main.dataset.labels ?? "{}");
/** @type {Map<string, Row>} */
const rows = new Map();

/** @type {Polling<{ shows: ShowStatus[] }>} */
const polling = new Polling("index.json", {
  intervalMs: () => document.hidden ? Infinity : POLL_MS,
  onAnswer(answer) {
    if (answer === undefined) main.dataset.state = "unreachable";
    else render(answer.shows);
  },
});

/** @param {ShowStatus[]} shows */
function render(shows) {
  main.dataset.state = "";
  const names = new Set(shows.map(({ name }) => name));
  for (const [name, { item }] of rows) {
    if (names.has(name)) continue;
    item.remove();
    rows.delete(name);
  }
  for (const status of shows) {
    const row = rows.get(status.name) ?? addRow(status);
    row.show.update(status);
    renderRow(row);
  }
  const count = document.getElementById("count");
  const text = shows.length === 0 ? "" : shows.length === 1 ? "One show" : `${shows.length} shows`;
  if (count !== null && count.textContent !== text) count.textContent = text;
  document.getElementById("nobody")?.toggleAttribute("hidden", shows.length > 0);
}

/** @param {ShowStatus} status */
function addRow(status) {
  const item = document.createElement("li");
  const link = document.createElement("a");
  link.href = `${path}/${status.name}/`;
  for (const part of ["dot", "what", "facts-line"]) {
    const span = document.createElement("span");
    span.className = part;
    link.append(span);
  }
  for (const part of ["row-title", "row-byline"]) {
    const span = document.createElement("span");
    span.className = part;
    span.dir = "auto";
    link.querySelector(".what")?.append(span);
  }
  item.append(link);
  list.append(item);
  const row = { item, show: new Show(status) };
  rows.set(status.name, row);
  return row;
}

/** @param {Row} row */
function renderRow({ item, show }) {
  const { status, elapsedSeconds } = show;
  item.dataset.state = status.state;
  const byline = [status.artist, status.title === null ? null : status.name];
  const listeners = status.listeners === 1 ? "1 listener" : `${status.listeners} listeners`;
  const elapsed = elapsedSeconds === undefined ? null : formatElapsed(elapsedSeconds);
  const state = status.state === "on-air" ? elapsed : labels[status.state];
  write(item, ".row-title", status.title ?? status.name);
  write(item, ".row-byline", byline.filter((text) => text !== null).join(" · "));
  write(item, ".facts-line", [state, listeners].join(" · "));
}

/** @param {HTMLElement} item @param {string} selector @param {string} text */
function write(item, selector, text) {
  const target = item.querySelector(selector);
  if (target !== null && target.textContent !== text) target.textContent = text;
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) polling.now();
});
setInterval(() => {
  for (const row of rows.values()) renderRow(row);
}, TICK_MS);
render(JSON.parse(main.dataset.shows ?? "[]"));
polling.now();
