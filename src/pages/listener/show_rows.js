// @ts-check
/// <reference lib="dom" />
// A list of shows that are on air, each a link to its page.

import { formatElapsed, Show } from "./show.js";

/** @typedef {import("./show.js").ShowStatus} ShowStatus */

/**
 * @typedef {object} Row
 * @property {HTMLLIElement} item
 * @property {Show} show
 */

/** Keeps a list up to date. */
export class ShowRows {
  #list;
  #folder;
  /** @type {Record<string, string>} */
  #labels;
  /** @type {Map<string, Row>} */
  #rows = new Map();

  /**
   * @param {HTMLElement} list
   * @param {object} options
   * @param {string} options.folder the URL below which shows have their pages; ends with a slash
   * @param {Record<string, string>} options.labels what states are called
   */
  constructor(list, { folder, labels }) {
    this.#list = list;
    this.#folder = folder;
    this.#labels = labels;
  }

  /** Shows these, in this order. @param {readonly ShowStatus[]} shows */
  render(shows) {
    const focused = document.activeElement;
    const names = new Set(shows.map(({ name }) => name));
    for (const [name, { item }] of this.#rows) {
      if (names.has(name)) continue;
      item.remove();
      this.#rows.delete(name);
    }
    shows.forEach((status, i) => {
      const row = this.#rows.get(status.name) ?? this.#add(status);
      row.show.update(status);
      this.#write(row);
      const there = this.#list.children[i];
      if (there !== row.item) this.#list.insertBefore(row.item, there ?? null);
    });
    // What is moved loses the focus.
    if (focused !== document.activeElement && focused instanceof HTMLElement) focused.focus();
  }

  /** To be called every second: shows go on. */
  tick() {
    for (const row of this.#rows.values()) this.#write(row);
  }

  /** @param {ShowStatus} status */
  #add(status) {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = `${this.#folder}${status.name}/`;
    for (const part of ["dot", "what", "facts-line"]) link.append(span(part));
    for (const part of ["row-title", "row-byline"]) {
      const text = span(part);
      text.dir = "auto";
      link.querySelector(".what")?.append(text);
    }
    item.append(link);
    const row = { item, show: new Show(status) };
    this.#rows.set(status.name, row);
    return row;
  }

  /** @param {Row} row */
  #write({ item, show }) {
    const { status, elapsedSeconds } = show;
    item.dataset.state = status.state;
    const byline = [status.artist, status.title === null ? null : status.name];
    const elapsed = elapsedSeconds === undefined ? null : formatElapsed(elapsedSeconds);
    const state = status.state === "on-air" ? elapsed : this.#labels[status.state];
    write(item, ".row-title", status.title ?? status.name);
    write(item, ".row-byline", joined(byline));
    write(item, ".facts-line", joined([state ?? null, audience(status.listeners)]));
  }
}

/** @param {number} listeners */
function audience(listeners) {
  if (listeners === 0) return null;
  return listeners === 1 ? "1 listener" : `${listeners} listeners`;
}

/** @param {(string | null)[]} texts */
function joined(texts) {
  return texts.filter((text) => text !== null).join(" · ");
}

/** @param {string} part */
function span(part) {
  const made = document.createElement("span");
  made.className = part;
  return made;
}

/** @param {HTMLElement} item @param {string} selector @param {string} text */
function write(item, selector, text) {
  const target = item.querySelector(selector);
  if (target !== null && target.textContent !== text) target.textContent = text;
}
