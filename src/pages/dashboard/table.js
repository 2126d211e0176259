// @ts-check
/// <reference lib="dom" />
// A table whose rows are changed in place and may be opened, and helpers that other parts of the
// dashboard share.

import { byColumn, firstDirection } from "./row_order.js";

/** How many rows are shown at first, and how many more at a time. */
const PAGE = 100;

/**
 * @template T
 * @typedef {object} Column
 * @property {string} title
 * @property {(item: T, cell: HTMLElement) => void} show fills the cell
 * @property {(item: T) => string | number} [order] the value that rows are sorted by
 * @property {string} [kind] the cell's class
 */

/**
 * What an open row shows below it.
 * @template T
 * @typedef {object} RowDetails
 * @property {(item: T, cell: HTMLElement) => void} show fills the cell below; called at each change
 * @property {() => void} close called when it is no longer shown
 */

/**
 * A table that can be sorted. One row at a time may be open, where there are details to show.
 * @template T
 */
export class Table {
  #table;
  #more;
  #body;
  #columns;
  #keyOf;
  /** @type {Map<string | number, { row: HTMLTableRowElement, cells: HTMLElement[] }>} */
  #rows = new Map();
  /** @type {T[]} */
  #items = [];
  #limit = PAGE;
  #sortedBy;
  #direction;
  /** @type {RowDetails<T> | undefined} */
  #details;
  /** The row that is open, and what is shown below it.
   * @type {{ key: string | number, row: HTMLTableRowElement, cell: HTMLElement } | undefined} */
  #open;

  /**
   * @param {string} id of the table; `ID-more` is the button that shows more rows
   * @param {Column<T>[]} columns
   * @param {(item: T) => string | number} keyOf the key of an item, by which its row is found again
   * @param {{ by: number, direction: 1 | -1 }} sorted
   * @param {RowDetails<T>} [details]
   */
  constructor(id, columns, keyOf, sorted, details) {
    const table = /** @type {HTMLTableElement} */ (element(id));
    this.#table = table;
    this.#more = element(`${id}-more`);
    this.#more.addEventListener("click", () => {
      this.#limit += PAGE;
      this.show(this.#items);
    });
    this.#body = table.tBodies[0] ?? table.createTBody();
    this.#columns = columns;
    this.#keyOf = keyOf;
    this.#sortedBy = sorted.by;
    this.#direction = sorted.direction;
    this.#details = details;
    this.#addHead();
    this.#body.addEventListener("keydown", ({ key, target }) => {
      const { row, key: open } = this.#open ?? {};
      if (key !== "Escape" || !(target instanceof Node) || open === undefined) return;
      const opened = this.#rows.get(open)?.row;
      if (!row?.contains(target) && !opened?.contains(target)) return;
      this.#close();
      opened?.querySelector("button")?.focus();
    });
  }

  /** Shows these items. @param {T[]} items */
  show(items) {
    this.#items = items;
    if (this.#table.parentElement) this.#table.parentElement.hidden = items.length === 0;
    this.#more.hidden = items.length <= this.#limit;
    const sorted = this.#sorted();
    const kept = new Map();
    for (const item of sorted.slice(0, this.#limit)) {
      const key = this.#keyOf(item);
      const shown = this.#rows.get(key) ?? this.#makeRow();
      this.#columns.forEach(({ show }, i) => {
        const cell = shown.cells[i];
        if (cell !== undefined) show(item, cell);
      });
      this.#showDetails(item, shown.row);
      kept.set(key, shown);
      this.#rows.delete(key);
    }
    for (const { row } of this.#rows.values()) row.remove();
    this.#rows = kept;
    if (this.#open !== undefined && !kept.has(this.#open.key)) this.#close();
    this.#arrange();
  }

  /**
   * @param {T} item
   * @param {HTMLTableRowElement} row
   */
  #showDetails(item, row) {
    if (this.#details === undefined) return;
    const open = this.#keyOf(item) === this.#open?.key ? this.#open : undefined;
    row.classList.toggle("open", open !== undefined);
    row.querySelector("button")?.setAttribute("aria-expanded", String(open !== undefined));
    if (open !== undefined) this.#details.show(item, open.cell);
  }

  /** Opens the row of an item, or closes it. @param {string | number} key */
  toggle(key) {
    if (this.#open?.key === key) this.#close();
    else this.open(key);
  }

  /** Opens the row of an item, which has the focus then. @param {string | number} key */
  open(key) {
    if (this.#details === undefined) return;
    this.#close();
    const place = this.#sorted().findIndex((item) => this.#keyOf(item) === key);
    if (place === -1) return;
    this.#limit = Math.max(this.#limit, place + 1);
    this.#open = { key, ...this.#makeDetails() };
    this.show(this.#items);
    const { row } = this.#rows.get(key) ?? {};
    row?.querySelector("button")?.focus({ preventScroll: true });
    this.#open.row.scrollIntoView({ block: "nearest" });
    row?.scrollIntoView({ block: "nearest" });
  }

  #close() {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    open.row.remove();
    this.#details?.close();
    this.show(this.#items);
  }

  #sorted() {
    return [...this.#items].sort(byColumn(this.#columns, this.#sortedBy, this.#direction));
  }

  /** Moves only rows that are not in their place. A row that moves keeps the focus. */
  #arrange() {
    const focused = document.activeElement;
    let next = this.#body.firstElementChild;
    for (const [key, { row }] of this.#rows) {
      const rows = this.#open?.key === key ? [row, this.#open.row] : [row];
      for (const row of rows) {
        if (row === next) next = next.nextElementSibling;
        else this.#body.insertBefore(row, next);
      }
    }
    if (focused instanceof HTMLElement && focused !== document.activeElement) {
      focused.focus({ preventScroll: true });
    }
  }

  /** The row below an open one. Escape closes it. */
  #makeDetails() {
    const row = document.createElement("tr");
    row.setAttribute("role", "row");
    row.className = "details";
    const cell = document.createElement("td");
    cell.setAttribute("role", "cell");
    cell.colSpan = this.#columns.length;
    row.append(cell);
    return { row, cell };
  }

  #makeRow() {
    const row = document.createElement("tr");
    row.setAttribute("role", "row");
    const cells = this.#columns.map(({ title, kind }, i) => {
      const cell = document.createElement(i === 0 ? "th" : "td");
      if (i === 0) cell.setAttribute("scope", "row");
      // On a phone, CSS shows rows as cards. Browsers then no longer take them for rows of a table.
      cell.setAttribute("role", i === 0 ? "rowheader" : "cell");
      if (title !== "") cell.dataset["title"] = title;
      if (kind !== undefined) cell.className = kind;
      row.append(cell);
      return cell;
    });
    return { row, cells };
  }

  #addHead() {
    const head = this.#table.tHead ?? this.#table.createTHead();
    const row = head.insertRow();
    row.setAttribute("role", "row");
    this.#columns.forEach(({ title, order, kind }, i) => {
      const cell = document.createElement("th");
      cell.scope = "col";
      cell.setAttribute("role", "columnheader");
      if (kind !== undefined) cell.className = kind;
      if (order === undefined) {
        const text = document.createElement("span");
        text.textContent = title === "" ? "Actions" : title;
        if (title === "") text.className = "unseen";
        cell.append(text);
      } else {
        const button = document.createElement("button");
        button.textContent = title;
        button.addEventListener("click", () => this.#sortBy(i));
        cell.append(button);
      }
      row.append(cell);
    });
    this.#showOrder();
  }

  /** @param {number} column */
  #sortBy(column) {
    this.#direction = this.#sortedBy === column
      ? this.#direction === 1 ? -1 : 1
      : firstDirection(this.#columns[column]);
    this.#sortedBy = column;
    this.#showOrder();
    this.show(this.#items);
  }

  #showOrder() {
    const cells = this.#table.tHead?.rows[0]?.cells ?? [];
    [...cells].forEach((cell, i) => {
      if (i !== this.#sortedBy) cell.removeAttribute("aria-sort");
      else cell.setAttribute("aria-sort", this.#direction === 1 ? "ascending" : "descending");
    });
  }
}

/**
 * Sets the text of an element, if it is not the same already.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * The element with this id, which has to be in the page.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function element(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`There is no #${id}`);
  return found;
}

/**
 * Makes a field filter by name.
 * @param {string} id of the field's label
 * @param {(matches: (name: string) => boolean) => void} onChange
 * @returns {HTMLInputElement}
 */
export function filterField(id, onChange) {
  const input = element(id).querySelector("input");
  if (input === null) throw new Error(`There is no field in #${id}`);
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLowerCase();
    onChange((name) => name.toLowerCase().includes(wanted));
  });
  return input;
}
