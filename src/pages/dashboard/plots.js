// @ts-check
/// <reference lib="dom" />
// The plots of the last hour.

import { Chart, milliseconds, percent } from "./chart.js";
import { bitrate, bytes, count } from "./format.js";
import { element } from "./table.js";

const MAX_POINTS = 720;

/** @type {import("./chart.js").Plot[]} */
const PLOTS = [
  {
    title: "Ingest",
    series: [
      { field: "bitrate", label: "bitrate", format: bitrate, least: 100_000 },
      { field: "sessions", label: "sessions", format: count, least: 4, scale: "sessions" },
    ],
  },
  {
    title: "Listeners",
    series: [{ field: "listeners", label: "listeners", format: count, least: 10 }],
  },
  {
    title: "Processor",
    series: [{ field: "cpu", label: "of one core", format: percent, least: 20 }],
  },
  {
    title: "Memory",
    series: [{ field: "memory", label: "resident", format: bytes, least: 200e6 }],
  },
  {
    title: "Lateness",
    series: [
      { field: "lateness", label: "segments", format: milliseconds, least: 50 },
      { field: "lag", label: "event loop", format: milliseconds, least: 50 },
    ],
  },
];

/** All plots. */
export class Plots {
  /** @type {Record<string, number[]>} */
  #columns = {};
  #charts = PLOTS.map((plot) => new Chart(plot));

  constructor() {
    element("plots").append(...this.#charts.map(({ figure }) => figure));
  }

  /** By field, the oldest first. */
  get columns() {
    return this.#columns;
  }

  /** @param {Record<string, number[]>} columns by field, the oldest first */
  restart(columns) {
    this.#columns = columns;
    this.#draw();
  }

  /** @param {Record<string, number>} sample */
  add(sample) {
    for (const [field, column] of Object.entries(this.#columns)) {
      column.push(sample[field] ?? 0);
      if (column.length > MAX_POINTS) column.shift();
    }
    this.#draw();
  }

  #draw() {
    for (const chart of this.#charts) chart.draw(this.#columns);
    element("plots").dataset["points"] = String(this.#columns["at"]?.length ?? 0);
  }
}
