// @ts-check
/// <reference lib="dom" />
// The recordings: operators play, download and delete them here.

import { confirmed, remove, tell } from "./dialog.js";
import { bytes, dayAndTime, duration } from "./format.js";
import { player } from "./player.js";
import { element, filterField, setText, Table } from "./table.js";

const FOLDER = "stat/1/recordings";
/** Recordings are asked for again after this, because live ones grow. */
const REFRESH_MS = 15_000;
/** Events often come together, so one question follows after this for all of them. */
const SETTLE_MS = 500;

/**
 * @typedef {object} Recording
 * @property {string} file
 * @property {string} name
 * @property {"live" | "finishing" | "unfinished" | "finished" | "damaged"} state
 * @property {string | null} start
 * @property {number | null} duration
 * @property {number} size
 * @property {("disk" | "bucket")[]} [places] where it is, where there is a bucket
 */

/** The table of recordings, with its filter. */
export class Recordings {
  /** @type {Recording[]} */
  #recordings = [];
  #matches = (/** @type {string} */ _name) => true;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #loading = false;
  #table;

  constructor() {
    this.#table = new Table("recordings", this.#columns(), ({ file }) => file, {
      by: 2,
      direction: -1,
    });
    filterField("recordings-filter", (matches) => {
      this.#matches = matches;
      this.#show();
    });
  }

  /** Shows the recordings from now on. */
  start() {
    element("recordings-section").hidden = false;
    this.refresh();
  }

  /** Asks the server for the recordings soon. */
  refresh() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#load(), SETTLE_MS);
  }

  async #load() {
    if (!this.#loading && document.visibilityState === "visible") {
      this.#loading = true;
      try {
        const response = await fetch(FOLDER, { cache: "no-store" });
        if (response.ok) this.#recordings = await response.json();
        this.#show();
      } catch {
        // The server does not answer. The page shows that already.
      }
      this.#loading = false;
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#load(), REFRESH_MS);
  }

  #show() {
    const all = this.#recordings.length;
    const found = this.#recordings.filter(({ name }) => this.#matches(name));
    this.#table.show(found);
    setText(
      element("recordings-count"),
      found.length < all ? `${found.length} of ${all}` : all === 0 ? "" : `${all}`,
    );
    element("recordings-filter").hidden = all < 8 && found.length === all;
    const empty = element("recordings-empty");
    empty.hidden = found.length > 0;
    setText(empty, all === 0 ? "There are no recordings." : "No recording has a name like that.");
  }

  /** @returns {import("./table.js").Column<Recording>[]} */
  #columns() {
    return [
      {
        title: "Name",
        order: ({ name }) => name,
        show: ({ name }, cell) => {
          setText(cell, name);
          cell.title = name;
        },
      },
      {
        title: "State",
        order: (recording) => stateWords(recording),
        show: (recording, cell) => {
          setText(cell, stateWords(recording));
          cell.dataset["state"] = recording.state;
        },
        kind: "state",
      },
      {
        title: "Began",
        order: ({ start }) => start ?? "",
        show: ({ start }, cell) => setText(cell, dayAndTime(start)),
      },
      {
        title: "Duration",
        order: (recording) => recording.duration ?? 0,
        show: (recording, cell) => setText(cell, duration(recording.duration)),
        kind: "number",
      },
      {
        title: "Size",
        order: ({ size }) => size,
        show: ({ size }, cell) => setText(cell, bytes(size)),
        kind: "number",
      },
      { title: "", show: (recording, cell) => this.#showActions(recording, cell), kind: "actions" },
    ];
  }

  /**
   * @param {Recording} recording
   * @param {HTMLElement} cell
   */
  #showActions({ file, name, state, start, places = ["disk"] }, cell) {
    const shown = `${state} ${places}`;
    if (cell.dataset["shown"] === shown) return;
    cell.dataset["shown"] = shown;
    const url = `${FOLDER}/${encodeURIComponent(file)}`;
    const title = `${name}, ${dayAndTime(start)}`;
    const download = document.createElement("a");
    download.href = url;
    download.download = "";
    download.className = "plain";
    download.textContent = "Download";
    download.setAttribute("aria-label", `Download ${title}`);
    const button = (/** @type {string} */ text, /** @type {() => void} */ act) => {
      const made = document.createElement("button");
      made.className = "plain";
      made.textContent = text;
      made.setAttribute("aria-label", `${text} ${title}`);
      made.addEventListener("click", act);
      return made;
    };
    cell.replaceChildren(button("Play", () => player.play(url, title)), download);
    if (state !== "finished" && state !== "damaged") return;
    const remove = button("Delete", () => this.#delete(url, title, places));
    remove.classList.add("danger");
    cell.append(remove);
  }

  /**
   * @param {string} url
   * @param {string} title
   * @param {readonly ("disk" | "bucket")[]} places
   */
  async #delete(url, title, places) {
    const from = places.map((place) => place === "disk" ? "the server" : "the bucket");
    const text = `The file is removed from ${from.join(" and ")}, for good.`;
    if (!await confirmed(`Delete ${title}?`, text, "Delete recording")) return;
    if (player.source === url) player.stop();
    const failure = await remove(url);
    tell(failure === undefined ? `${title} is deleted.` : `Cannot delete ${title}: ${failure}.`);
    await this.#load();
  }
}

/**
 * What is told of a recording's state: of one that is in the bucket, where it is.
 * @param {Recording} recording
 */
function stateWords({ state, places = [] }) {
  if (state === "live") return "recording";
  if (!places.includes("bucket")) return state;
  return places.includes("disk") ? "finished, in bucket" : "in bucket";
}
