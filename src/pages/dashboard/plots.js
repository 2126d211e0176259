// @ts-check
/// <reference lib="dom" />
// The plots of the last hour.

import { bitrate, bytes, count } from "./format.js";
import { element, setText } from "./table.js";

const MAX_POINTS = 720;
const HEIGHT = 150;
/** The least time that a plot shows, in seconds; it shows the whole history where that is more. */
const MIN_SPAN = 300;

/** uPlot, which the page loads before this script. */
const { uPlot } = /** @type {any} */ (globalThis);

/** @param {number} value */
const short = (value) => value.toFixed(value < 10 && !Number.isInteger(value) ? 1 : 0);
/** @param {number} value */
const percent = (value) => `${short(value)} %`;
/** @param {number} value */
const milliseconds = (value) => `${short(value)} ms`;

/**
 * @typedef {object} Series
 * @property {string} field the field of the history
 * @property {string} label
 * @property {(value: number) => string} format
 * @property {number} least the lowest value at the top of its scale
 * @property {string} [scale] the name of its own scale, at the right
 *
 * @typedef {{ title: string, series: Series[] }} Plot
 */

/** @type {Plot[]} */
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
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      for (const chart of this.#charts) chart.restart();
    });
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
    const times = (this.#columns["at"] ?? []).map((at) => at / 1000);
    for (const chart of this.#charts) chart.draw(times, this.#columns);
    element("plots").dataset["points"] = String(times.length);
  }
}

class Chart {
  figure = document.createElement("figure");
  #plot;
  #area = document.createElement("div");
  /** @type {HTMLElement[]} */
  #values;
  /** @type {any} */
  #chart;
  /** @type {number[][]} */
  #data = [];

  /** @param {Plot} plot */
  constructor(plot) {
    this.#plot = plot;
    const caption = document.createElement("figcaption");
    const title = document.createElement("h3");
    title.textContent = plot.title;
    caption.append(title);
    this.#values = plot.series.map(({ label }, i) => {
      const key = document.createElement("span");
      key.className = `key series-${i}`;
      const value = document.createElement("b");
      key.append(value, ` ${label}`);
      caption.append(key);
      return value;
    });
    // The caption has the same values for screen readers.
    this.#area.setAttribute("aria-hidden", "true");
    this.figure.className = "panel";
    this.figure.append(caption, this.#area);
    new ResizeObserver(() => this.#resize()).observe(this.#area);
  }

  /**
   * @param {number[]} times in seconds
   * @param {Record<string, number[]>} columns
   */
  draw(times, columns) {
    this.#data = [times, ...this.#plot.series.map(({ field }) => columns[field] ?? [])];
    this.#chart?.setData(this.#data);
    this.#tell(null);
  }

  /** Draws anew, with the colours that the page has now. */
  restart() {
    this.#chart?.destroy();
    this.#chart = undefined;
    this.#resize();
  }

  #resize() {
    const width = Math.floor(this.#area.clientWidth);
    if (width === 0) return;
    if (this.#chart === undefined) this.#chart = this.#make(width);
    else this.#chart.setSize({ width, height: HEIGHT });
  }

  /** @param {number | null | undefined} index the sample under the cursor; by default the latest */
  #tell(index) {
    this.#plot.series.forEach(({ format }, i) => {
      const column = this.#data[i + 1] ?? [];
      const value = column[index ?? column.length - 1];
      const text = this.#values[i];
      if (text !== undefined) setText(text, value === undefined ? "–" : format(value));
    });
  }

  /** @param {number} width */
  #make(width) {
    const { series } = this.#plot;
    const style = getComputedStyle(document.documentElement);
    const colour = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
    const lines = [colour("--series-0"), colour("--series-1")];
    const axis = {
      stroke: colour("--text-soft"),
      font: `11px ${style.getPropertyValue("--font")}`,
      grid: { stroke: colour("--line"), width: 1 },
      ticks: { show: false },
    };
    const side = (/** @type {Series} */ { format, scale }) => ({
      ...axis,
      scale: scale ?? "y",
      side: scale === undefined ? 3 : 1,
      grid: scale === undefined ? axis.grid : { show: false },
      size: scale === undefined ? 66 : 34,
      gap: 4,
      space: 34,
      values: (/** @type {unknown} */ _, /** @type {number[]} */ splits) => splits.map(format),
    });
    const range = (/** @type {number} */ least) =>
    (
      /** @type {unknown} */ _,
      /** @type {number} */ _min,
      /** @type {number} */ max,
    ) => [0, Math.max(least, (max ?? 0) * 1.1)];
    const sides = series.filter(({ scale }, i) => i === 0 || scale !== undefined);
    return new uPlot(
      {
        width,
        height: HEIGHT,
        padding: [8, 16, 0, 0],
        legend: { show: false },
        cursor: { y: false, sync: { key: "hour" }, drag: { x: false, y: false } },
        scales: {
          x: { range: timeRange },
          ...Object.fromEntries(
            sides.map(({ scale, least }) => [scale ?? "y", { range: range(least) }]),
          ),
        },
        axes: [{ ...axis, size: 24, gap: 4, space: 56, values: timeLabels }, ...sides.map(side)],
        series: [
          {},
          ...series.map(({ scale }, i) => ({
            scale: scale ?? "y",
            stroke: lines[i],
            width: 1.5,
            fill: i === 0 ? colour("--series-0-fill") : undefined,
            points: { show: false },
          })),
        ],
        hooks: { setCursor: [(/** @type {any} */ chart) => this.#tell(chart.cursor.idx)] },
      },
      this.#data,
      this.#area,
    );
  }
}

/**
 * The times that a plot shows.
 * @param {unknown} _
 * @param {number | null} min
 * @param {number | null} max
 */
function timeRange(_, min, max) {
  const end = max ?? Date.now() / 1000;
  return [Math.min(min ?? end, end - MIN_SPAN), end];
}

const MINUTE = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });

/**
 * The labels of the times; only whole minutes have one.
 * @param {unknown} _
 * @param {number[]} splits in seconds
 */
function timeLabels(_, splits) {
  return splits.map((split) => split % 60 === 0 ? MINUTE.format(split * 1000) : "");
}
