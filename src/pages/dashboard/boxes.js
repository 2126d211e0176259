// @ts-check
/// <reference lib="dom" />
// The boxes of the fleet: what each has to do, and which of them drain.

import { change, confirmed, tell } from "./dialog.js";
import { bytes, count, duration } from "./format.js";
import { actionButton } from "./listening_actions.js";
import { element, setText, Table } from "./table.js";

/**
 * @typedef {object} Box
 * @property {string} id
 * @property {"open" | "draining"} state
 * @property {string} version
 * @property {string | null} dashboard
 * @property {number} age_ms
 * @property {number} cpu
 * @property {number} memory_bytes
 * @property {number} sessions
 * @property {number} listeners
 * @property {number | null} left
 * @property {string | null} started
 * @property {string[]} problems
 */

/** The table of boxes. */
export class Boxes {
  #table;
  #onChange;
  /** The one that has answered. */
  #own = "";
  /** @type {Box[]} */
  #boxes = [];

  /** @param {() => void} onChange called when a box was told something */
  constructor(onChange) {
    this.#onChange = onChange;
    const sorted = /** @type {const} */ ({ by: 0, direction: 1 });
    this.#table = new Table("boxes", this.#columns(), ({ id }) => id, sorted);
  }

  /** @param {import("./fleet.js").FleetReport} report */
  show({ box, boxes, total, registry }) {
    this.#own = box;
    this.#boxes = boxes;
    this.#table.show(boxes);
    const { sessions, listeners } = total;
    const all = [`${boxes.length}`, `sessions ${count(sessions)}`, `listeners ${count(listeners)}`];
    setText(element("boxes-count"), all.join(" · "));
    showRegistry(registry);
  }

  /** @returns {import("./table.js").Column<Box>[]} */
  #columns() {
    return [
      { title: "Box", order: ({ id }) => id, show: (box, cell) => this.#showName(box, cell) },
      {
        title: "State",
        order: ({ state, left }) => left === null ? "0" : state,
        show: showState,
        kind: "state",
      },
      {
        title: "Version",
        order: (box) => box.version,
        show: (box, at) => setText(at, box.version),
      },
      number("Sessions", (box) => box.sessions, count),
      number("Listeners", (box) => box.listeners, count),
      number("CPU", (box) => box.cpu, (cpu) => `${Math.round(cpu * 100)} %`),
      number("Memory", (box) => box.memory_bytes, bytes),
      number("Up", secondsUp, duration),
      number("Heard", (box) => box.age_ms, (age) => `${seconds(age)} ago`),
      { title: "", show: (box, cell) => this.#showActions(box, cell), kind: "actions" },
    ];
  }

  /**
   * Its id, which leads to its dashboard, and below it what is wrong with it.
   * @param {Box} box
   * @param {HTMLElement} cell
   */
  #showName({ id, dashboard, problems }, cell) {
    if (cell.childElementCount === 0) {
      cell.append(this.#nameOf(id, dashboard), document.createElement("span"));
    }
    const wrong = /** @type {HTMLElement} */ (cell.lastElementChild);
    wrong.className = "song";
    setText(wrong, problems.join(" · "));
    wrong.title = wrong.textContent ?? "";
  }

  /**
   * @param {string} id
   * @param {string | null} dashboard
   */
  #nameOf(id, dashboard) {
    if (id === this.#own || dashboard === null) {
      const name = document.createElement("span");
      name.textContent = id === this.#own ? `${id} (this one)` : id;
      return name;
    }
    return linkToBox(id, dashboard);
  }

  /**
   * @param {Box} box
   * @param {HTMLElement} cell
   */
  #showActions({ id, state }, cell) {
    if (cell.dataset["shown"] === state) return;
    cell.dataset["shown"] = state;
    cell.replaceChildren();
    if (state === "open") {
      const drain = actionButton(cell, "Drain…", `Drain box ${id}`);
      drain.addEventListener("click", () => this.#drain(id));
    } else {
      const open = actionButton(cell, "Open again", `Open box ${id} again`);
      open.addEventListener("click", () => this.#open(id));
    }
  }

  /** @param {string} id */
  async #drain(id) {
    const isLast = !this.#boxes.some((box) => box.id !== id && box.state === "open");
    const text = isLast
      ? "It takes no new broadcasts. No other box is open, so those that are on air stay on it, " +
        "until one is."
      : "It takes no new broadcasts. Those that are on air go to other boxes: encoders that can are " +
        "asked to connect there, the others are cut off and connect again by themselves. " +
        "Listeners are served as ever.";
    if (!await confirmed(`Drain box ${id}?`, text, "Drain box")) return;
    const failure = await change(drainOf(id), "PUT");
    tell(failure === undefined ? `Box ${id} drains.` : `Cannot drain box ${id}: ${failure}.`);
    this.#onChange();
  }

  /** @param {string} id */
  async #open(id) {
    const failure = await change(drainOf(id), "DELETE");
    tell(failure === undefined ? `Box ${id} is open.` : `Cannot open box ${id}: ${failure}.`);
    this.#onChange();
  }
}

/** @param {import("./fleet.js").FleetReport["registry"]} registry */
function showRegistry({ joined, beat_age_ms: age, errors }) {
  const fact = element("registry");
  const answered = `Redis answered ${seconds(age)} ago`;
  const told = errors === 0 ? answered : `${answered} · errors ${count(errors)}`;
  setText(fact, joined ? told : `Not in touch with the fleet: ${told}`);
  fact.classList.toggle("trouble", !joined);
}

/**
 * A link to the dashboard of another box.
 * @param {string} id
 * @param {string} dashboard
 */
export function linkToBox(id, dashboard) {
  const link = document.createElement("a");
  link.href = dashboard;
  link.target = "_blank";
  link.rel = "noopener";
  link.textContent = id;
  link.setAttribute("aria-label", `Dashboard of box ${id}, in a new tab`);
  return link;
}

/** @param {string} id */
function drainOf(id) {
  return `stat/1/fleet/${encodeURIComponent(id)}/drain`;
}

/**
 * @param {Box} box
 * @param {HTMLElement} cell
 */
function showState({ state, left, problems }, cell) {
  const word = state === "draining" && left !== null ? `draining, ${count(left)} left` : state;
  setText(cell, left === null ? "does not answer" : word);
  cell.dataset["state"] = state;
  cell.classList.toggle("trouble", left === null || problems.length > 0);
}

/** @param {number} ms */
function seconds(ms) {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** @param {Box} box */
function secondsUp({ started }) {
  return started === null ? null : (Date.now() - Date.parse(started)) / 1000;
}

/**
 * Makes a column of numbers.
 * @param {string} title
 * @param {(box: Box) => number | null} read
 * @param {(value: any) => string} format
 * @returns {import("./table.js").Column<Box>}
 */
function number(title, read, format) {
  return {
    title,
    order: (box) => read(box) ?? -1,
    show: (box, cell) => setText(cell, format(read(box))),
    kind: "number",
  };
}
