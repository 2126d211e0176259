// @ts-check
/// <reference lib="dom" />
// A table whose rows are changed in place, and helpers that other parts of the dashboard share.

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
 * A table that can be sorted.
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

  /**
   * @param {string} id of the table; `ID-more` is the button that shows more rows
   * @param {Column<T>[]} columns
   * @param {(item: T) => string | number} keyOf the key of an item, by which its row is found again
   * @param {{ by: number, direction: 1 | -1 }} sorted
   */
  constructor(id, columns, keyOf, sorted) {
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
    this.#addHead();
  }

  /** Shows these items. @param {T[]} items */
  show(items) {
    this.#items = items;
    if (this.#table.parentElement) this.#table.parentElement.hidden = items.length === 0;
    this.#more.hidden = items.length <= this.#limit;
    const order = this.#columns[this.#sortedBy]?.order;
    const sorted = order === undefined
      ? items
      : [...items].sort((a, b) => this.#direction * compare(order(a), order(b)));
    const kept = new Map();
    for (const item of sorted.slice(0, this.#limit)) {
      const key = this.#keyOf(item);
      const shown = this.#rows.get(key) ?? this.#makeRow();
      this.#columns.forEach(({ show }, i) => {
        const cell = shown.cells[i];
        if (cell !== undefined) show(item, cell);
      });
      kept.set(key, shown);
      this.#rows.delete(key);
    }
    for (const { row } of this.#rows.values()) row.remove();
    this.#rows = kept;
    this.#arrange();
  }

  /** Moves only rows that are not in their place, so that no row loses the focus. */
  #arrange() {
    let next = this.#body.firstElementChild;
    for (const { row } of this.#rows.values()) {
      if (row === next) next = next.nextElementSibling;
      else this.#body.insertBefore(row, next);
    }
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
    this.#direction = this.#sortedBy === column && this.#direction === 1 ? -1 : 1;
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

/**
 * @param {string | number} a
 * @param {string | number} b
 */
function compare(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), "en", { numeric: true });
}
