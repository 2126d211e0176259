// @ts-check
/// <reference lib="dom" />
// The sessions of the other boxes of the fleet: they are heard here too, and looked after there.

import { linkToBox } from "./boxes.js";
import { count, duration } from "./format.js";
import { addListening, playlistOf, showListening } from "./listening_actions.js";
import { player } from "./player.js";
import { STATES } from "./sessions.js";
import { element, filterField, setText, Table } from "./table.js";

/**
 * @typedef {object} FleetSession
 * @property {number} id
 * @property {string} name
 * @property {string} box
 * @property {"init" | "ready" | "publishing" | "paused"} state
 * @property {string} protocol
 * @property {string | null} started
 * @property {string | null} title
 * @property {string | null} artist
 * @property {string | null} dj
 * @property {number} listeners
 */

/** The table of these sessions, with its filter. */
export class OtherSessions {
  /** @type {FleetSession[]} */
  #sessions = [];
  /** By box. @type {Map<string, string | null>} */
  #dashboards = new Map();
  /** @type {import("./listening_actions.js").ServedHls | null} */
  #hls = null;
  #matches = (/** @type {string} */ _name) => true;
  #table;

  constructor() {
    const sorted = /** @type {const} */ ({ by: 0, direction: 1 });
    // While one is handed over, two boxes may have it.
    const keyOf = (/** @type {FleetSession} */ { id, box }) => `${box} ${id}`;
    this.#table = new Table("elsewhere", this.#columns(), keyOf, sorted);
    filterField("elsewhere-filter", (matches) => {
      this.#matches = matches;
      this.#showRows();
    });
    player.addEventListener("change", () => this.#showRows());
  }

  /** @param {import("./listening_actions.js").ServedHls | null} hls */
  set hls(hls) {
    this.#hls = hls;
  }

  /** @param {import("./fleet.js").FleetReport} report */
  show({ box: own, boxes, sessions }) {
    this.#dashboards = new Map(boxes.map(({ id, dashboard }) => [id, dashboard]));
    this.#sessions = sessions.filter(({ box }) => box !== own);
    this.#showRows();
  }

  #showRows() {
    const all = this.#sessions.length;
    const shown = this.#sessions.filter(({ name }) => this.#matches(name));
    this.#table.show(shown);
    setText(
      element("elsewhere-count"),
      shown.length < all ? `${shown.length} of ${all}` : all === 0 ? "" : `${all}`,
    );
    element("elsewhere-filter").hidden = all < 8 && shown.length === all;
    const empty = element("elsewhere-empty");
    empty.hidden = shown.length > 0;
    setText(empty, all === 0 ? "No other box has one." : "No session has a name like that.");
  }

  /** @returns {import("./table.js").Column<FleetSession>[]} */
  #columns() {
    return [
      { title: "Name", order: ({ name }) => name, show: showName },
      {
        title: "State",
        order: ({ state }) => state,
        show: ({ state }, cell) => {
          setText(cell, STATES[state]);
          cell.dataset["state"] = state;
        },
        kind: "state",
      },
      {
        title: "Box",
        order: ({ box }) => box,
        show: ({ box }, cell) => this.#showBox(box, cell),
      },
      {
        title: "From",
        order: ({ dj, protocol }) => `${dj ?? ""} ${protocol}`,
        show: ({ dj, protocol }, cell) => {
          const from = protocol.toUpperCase();
          setText(cell, dj === null ? from : `${dj}\n${from}`);
        },
        kind: "from",
      },
      {
        title: "On air for",
        order: (session) => secondsOnAir(session) ?? -1,
        show: (session, cell) => setText(cell, duration(secondsOnAir(session))),
        kind: "number",
      },
      {
        title: "Listeners",
        order: ({ listeners }) => listeners,
        show: ({ listeners }, cell) => setText(cell, count(listeners)),
        kind: "number",
      },
      { title: "", show: (session, cell) => this.#showActions(session, cell), kind: "actions" },
    ];
  }

  /**
   * @param {string} box
   * @param {HTMLElement} cell
   */
  #showBox(box, cell) {
    if (cell.dataset["shown"] === box) return;
    cell.dataset["shown"] = box;
    const dashboard = this.#dashboards.get(box) ?? null;
    cell.replaceChildren(dashboard === null ? box : linkToBox(box, dashboard));
  }

  /**
   * @param {FleetSession} session
   * @param {HTMLElement} cell
   */
  #showActions({ name }, cell) {
    const playlist = playlistOf(this.#hls, name);
    if (playlist === undefined) return;
    if (cell.childElementCount === 0) addListening(cell, name, playlist);
    showListening(cell, playlist);
  }
}

/**
 * @param {FleetSession} session
 * @param {HTMLElement} cell
 */
function showName({ name, title, artist }, cell) {
  if (cell.childElementCount === 0) {
    const text = document.createElement("span");
    text.textContent = text.title = name;
    cell.append(text, document.createElement("span"));
  }
  const song = /** @type {HTMLElement} */ (cell.lastElementChild);
  song.className = "song";
  song.dir = "auto";
  setText(song, [title, artist].filter((text) => text !== null).join(" · "));
  song.title = song.textContent ?? "";
}

/** @param {FleetSession} session */
function secondsOnAir({ started }) {
  return started === null ? null : (Date.now() - Date.parse(started)) / 1000;
}
