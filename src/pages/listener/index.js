// @ts-check
/// <reference lib="dom" />
// The script of the page that shows who is on air: it keeps the list up to date.

import { Polling } from "./polling.js";
import { findShows, MANY_SHOWS } from "./show_finder.js";
import { ShowRows } from "./show_rows.js";

/** @typedef {import("./show.js").ShowStatus} ShowStatus */

const POLL_MS = 2000;
const TICK_MS = 1000;

const main = element("index");
const finder = element("finder");
const search = /** @type {HTMLInputElement} */ (element("search"));
const order = /** @type {HTMLSelectElement} */ (element("order"));
const rows = new ShowRows(element("shows"), {
  folder: `${main.dataset.path ?? ""}/`,
  labels: JSON.parse(main.dataset.labels ?? "{}"),
});
/** @type {readonly ShowStatus[]} */
let shows = JSON.parse(main.dataset.shows ?? "[]");

/** @type {Polling<{ shows: ShowStatus[] }>} */
const polling = new Polling("index.json", {
  intervalMs: () => document.hidden ? Infinity : POLL_MS,
  onAnswer(answer) {
    main.dataset.state = answer === undefined ? "unreachable" : "";
    if (answer === undefined) return;
    shows = answer.shows;
    render();
  },
});

function render() {
  // Who looks for something goes on, also where shows become few.
  finder.hidden = shows.length < MANY_SHOWS && search.value === "";
  const wanted = { search: search.value, order: finder.hidden ? "start" : order.value };
  const found = findShows(shows, wanted);
  rows.render(found);
  const count = element("count");
  const text = countOf(found.length, shows.length);
  if (count.textContent !== text) count.textContent = text;
  element("nobody").hidden = shows.length > 0;
}

/** @param {number} found @param {number} all */
function countOf(found, all) {
  if (found < all) return `${found} of ${all} shows`;
  return all === 0 ? "" : all === 1 ? "One show" : `${all} shows`;
}

/** @param {string} id */
function element(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`Cannot find #${id}`);
  return found;
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) polling.now();
});
search.addEventListener("input", render);
order.addEventListener("change", render);
finder.addEventListener("submit", (event) => event.preventDefault());
setInterval(() => rows.tick(), TICK_MS);
render();
polling.now();
