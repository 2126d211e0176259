// @ts-check
/// <reference lib="dom" />
// What is reported of shows: operators choose days here, and see or download the report.

import { count, dayAndTime } from "./format.js";
import { element, setText, Table } from "./table.js";

const REPORTS = "stat/1/reports";
const HOURS = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/**
 * @typedef {object} ReportedShow
 * @property {number} id
 * @property {string} name
 * @property {string | null} dj
 * @property {string} protocol
 * @property {string} start
 * @property {string | null} end
 * @property {number | null} listener_hours
 * @property {number | null} peak_listeners
 * @property {readonly unknown[]} titles
 */

/** The form, the links to what can be downloaded, and the table. */
export class Reports {
  #from = dateField("reports-from");
  #to = dateField("reports-to");
  #table;
  /** How many reports were asked for: an answer counts only where it is that of the last one. */
  #asked = 0;

  constructor() {
    this.#table = new Table("reports", columns(), ({ id }) => id, { by: 3, direction: -1 });
    const now = new Date();
    this.#from.value = dayOf(new Date(now.getFullYear(), now.getMonth(), 1));
    this.#to.value = dayOf(now);
    for (const field of [this.#from, this.#to]) {
      field.addEventListener("change", () => this.#link());
    }
    element("reports-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#show();
    });
    const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
    setText(element("reports-zone"), `Days in ${timeZone}`);
    this.#link();
  }

  /** Has the links lead to what the form asks for. */
  #link() {
    const range = this.#range();
    for (const link of element("reports-downloads").querySelectorAll("a")) {
      if (range === undefined) link.removeAttribute("href");
      else link.href = `${REPORTS}?${range}&${link.dataset["form"]}`;
    }
  }

  /** The form's days, as the parameters of the question; `undefined` where one is missing. */
  #range() {
    const [from, to] = [startOf(this.#from.value, 0), startOf(this.#to.value, 1)];
    if (from === undefined || to === undefined) return undefined;
    return new URLSearchParams({ from, to });
  }

  async #show() {
    const range = this.#range();
    if (range === undefined) return;
    const asked = ++this.#asked;
    this.#say([], "Asking…");
    try {
      const response = await fetch(`${REPORTS}?${range}`, { cache: "no-store" });
      if (response.status === 401) location.reload();
      const answer = await response.json();
      if (asked !== this.#asked) return;
      if (response.ok) this.#say(answer.shows, "There was no show.", answer.listener_hours);
      else this.#say([], `There is no such report: ${answer.message}.`);
    } catch {
      if (asked === this.#asked) this.#say([], "The server does not answer.");
    }
  }

  /**
   * @param {ReportedShow[]} shows
   * @param {string} otherwise what is said where there are none
   * @param {number | null} hours of all shows
   */
  #say(shows, otherwise, hours = null) {
    this.#table.show(shows);
    const sum = hours === null ? "" : `, ${HOURS.format(hours)} listener hours`;
    setText(element("reports-count"), shows.length === 0 ? "" : `${count(shows.length)}${sum}`);
    const empty = element("reports-empty");
    empty.hidden = shows.length > 0;
    setText(empty, otherwise);
  }
}

/** @returns {import("./table.js").Column<ReportedShow>[]} */
function columns() {
  return [
    { title: "Name", order: ({ name }) => name, show: ({ name }, cell) => setText(cell, name) },
    {
      title: "DJ",
      order: ({ dj }) => dj ?? "",
      show: ({ dj }, cell) => setText(cell, dj ?? "–"),
    },
    {
      title: "By",
      order: ({ protocol }) => protocol,
      show: ({ protocol }, cell) => setText(cell, protocol.toUpperCase()),
    },
    {
      title: "Began",
      order: ({ start }) => start,
      show: ({ start }, cell) => setText(cell, dayAndTime(start)),
    },
    {
      title: "Ended",
      order: ({ end }) => end ?? "~",
      show: ({ end }, cell) => setText(cell, end === null ? "on air" : dayAndTime(end)),
    },
    {
      title: "Listener hours",
      order: (show) => show.listener_hours ?? 0,
      show: (show, cell) => {
        setText(cell, show.listener_hours === null ? "–" : HOURS.format(show.listener_hours));
      },
      kind: "number",
    },
    {
      title: "Peak",
      order: (show) => show.peak_listeners ?? 0,
      show: (show, cell) => setText(cell, count(show.peak_listeners)),
      kind: "number",
    },
    {
      title: "Titles",
      order: ({ titles }) => titles.length,
      show: ({ titles }, cell) => setText(cell, count(titles.length)),
      kind: "number",
    },
  ];
}

/** @param {string} id */
function dateField(id) {
  return /** @type {HTMLInputElement} */ (element(id));
}

/** A day as a field has it, where the browser is. @param {Date} date */
function dayOf(date) {
  const pad = (/** @type {number} */ value) => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
}

/**
 * When a day begins where the browser is, or some days later.
 * @param {string} day
 * @param {number} later
 */
function startOf(day, later) {
  const [year, month, date] = day.split("-").map(Number);
  if (year === undefined || month === undefined || date === undefined) return undefined;
  return new Date(year, month - 1, date + later).toISOString();
}
