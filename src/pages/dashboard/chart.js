// @ts-check
/// <reference lib="dom" />
// A plot of the last hour.

import { timeRange, withGaps } from "./gaps.js";
import { setText } from "./table.js";

const HEIGHT = 150;

const DARK = matchMedia("(prefers-color-scheme: dark)");

/** uPlot, which the page loads before this script. */
const { uPlot } = /** @type {any} */ (globalThis);

/** @param {number} value */
const short = (value) => value.toFixed(value < 10 && !Number.isInteger(value) ? 1 : 0);
/** Formats a percentage. @param {number} value */
export const percent = (value) => `${short(value)} %`;
/** Formats a time. @param {number} value */
export const milliseconds = (value) => `${short(value)} ms`;

/**
 * @typedef {import("./gaps.js").Columns} Columns
 *
 * @typedef {object} Series
 * @property {string} field the field of the history
 * @property {string} label
 * @property {(value: number) => string} format
 * @property {number} least the lowest value at the top of its scale
 * @property {number} [lowest] the value at the bottom of its scale; by default 0
 * @property {string} [scale] the name of its own scale, at the right
 *
 * @typedef {{ title: string, series: Series[] }} Plot
 */

/** One plot, with the latest values in its caption. */
export class Chart {
  figure = document.createElement("figure");
  #plot;
  #area = document.createElement("div");
  /** @type {HTMLElement[]} */
  #values;
  /** @type {any} */
  #chart;
  /** Times, and a column for each series. @type {[number[], ...(number | null)[][]]} */
  #data = [[]];

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
    DARK.addEventListener("change", this.#restart);
  }

  /** @param {Columns} columns */
  draw(columns) {
    const { at = [], ...series } = withGaps(columns);
    const times = at.map((at) => (at ?? 0) / 1000);
    this.#data = [times, ...this.#plot.series.map(({ field }) => series[field] ?? [])];
    this.#chart?.setData(this.#data);
    this.#tell(null);
  }

  /** To be called when the plot is no longer shown. */
  destroy() {
    DARK.removeEventListener("change", this.#restart);
    this.#chart?.destroy();
    this.#chart = undefined;
  }

  /** Draws anew, with the colours that the page has now. */
  #restart = () => {
    this.#chart?.destroy();
    this.#chart = undefined;
    this.#resize();
  };

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
      if (text !== undefined) {
        setText(text, value === undefined || value === null ? "–" : format(value));
      }
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
    const range = (/** @type {number} */ least, lowest = 0) =>
    (
      /** @type {unknown} */ _,
      /** @type {number} */ _min,
      /** @type {number} */ max,
    ) => [lowest, Math.max(least, (max ?? 0) * 1.1)];
    const sides = series.filter(({ scale }, i) => i === 0 || scale !== undefined);
    return new uPlot(
      {
        width,
        height: HEIGHT,
        padding: [8, 16, 0, 0],
        legend: { show: false },
        cursor: { y: false, sync: { key: "hour" }, drag: { x: false, y: false } },
        scales: {
          // What uPlot would hand over is a whole day where there is one sample.
          x: { range: () => timeRange(this.#data[0], Date.now() / 1000) },
          ...Object.fromEntries(
            sides.map(({ scale, least, lowest }) => {
              return [scale ?? "y", { range: range(least, lowest) }];
            }),
          ),
        },
        axes: [{ ...axis, size: 24, gap: 4, space: 56, values: timeLabels }, ...sides.map(side)],
        series: [
          {},
          ...series.map(({ scale, lowest = 0 }, i) => ({
            scale: scale ?? "y",
            stroke: lines[i],
            width: 1.5,
            fill: i === 0 ? colour("--series-0-fill") : undefined,
            fillTo: lowest,
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

const MINUTE = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });

/**
 * The labels of the times; only whole minutes have one.
 * @param {unknown} _
 * @param {number[]} splits in seconds
 */
function timeLabels(_, splits) {
  return splits.map((split) => split % 60 === 0 ? MINUTE.format(split * 1000) : "");
}
